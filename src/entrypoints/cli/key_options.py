"""What keys are made of, as people write it on a command line."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

import rich_click as click

from domain.api_key import Network

_DAYS = re.compile(r"([1-9][0-9]{0,4})d")


class Expiry(click.ParamType[datetime]):
    """Days from now, or a time."""

    name = "90d|TIME"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it."""
        at = _time(value)
        if at is None:
            self.fail("expected days, as 90d, or a time, as 2027-01-31T00:00:00Z", param, ctx)
        return at


class NetworkOption(click.ParamType[Network]):
    """A network, or one address."""

    name = "CIDR"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Network:
        """Read it."""
        try:
            return ip_network(value, strict=False)
        except ValueError:
            self.fail("expected a network, such as 10.0.0.0/8 or 192.168.1.5", param, ctx)


class KeyId(click.ParamType[UUID]):
    """The id of a key."""

    name = "ID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Read it."""
        try:
            return UUID(value)
        except ValueError:
            self.fail("expected 32 hexadecimal digits; see habar keys list", param, ctx)


def _time(text: str) -> datetime | None:
    if days := _DAYS.fullmatch(text):
        return datetime.now(UTC) + timedelta(days=int(days[1]))
    try:
        at = datetime.fromisoformat(text)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
