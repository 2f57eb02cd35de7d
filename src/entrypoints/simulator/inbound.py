"""What subscribers write, and who of them wants nothing more from a sender."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import msgspec

from entrypoints.simulator.phones import plain
from entrypoints.simulator.wire import ProviderCode

_STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
_START = {"START", "YES", "UNSTOP"}
_WITH_INBOUND = (ProviderCode.SMSCRU, ProviderCode.TWILIO)


class OptOutType(StrEnum):
    """What Twilio's Advanced Opt-Out has made of a message."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


class Inbound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message from a subscriber.

    Attributes:
        to: our number it was sent to.
        id: the provider's name for it; a new one if not given.
        times: how often it is told.
        service, opt_out_type: of Twilio: the messaging service of that number, and what it made
            of the text.
    """

    provider: ProviderCode
    phone: str
    to: str
    text: str
    id: str | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    service: str | None = None
    opt_out_type: OptOutType | None = None

    def __post_init__(self) -> None:
        """Refuse a provider that has no inbound messages."""
        if self.provider not in _WITH_INBOUND:
            raise ValueError(f"{self.provider} tells of no inbound messages")

    @property
    def opts(self) -> OptOutType | None:
        """What the provider itself makes of the text: it has to be the whole message."""
        if self.opt_out_type is not None:
            return self.opt_out_type
        word = self.text.strip().upper()
        if word in _STOP:
            return OptOutType.STOP
        return OptOutType.START if word in _START else None


class OptOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A subscriber Twilio sends nothing to.

    Attributes:
        sender: the number or messaging service that is meant; ``None``: all of them.
    """

    phone: str
    sender: str | None = None


class OptOuts:
    """Twilio's block list."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str | None], OptOut] = {}

    def add(self, opt_out: OptOut) -> None:
        """Block one more."""
        self._kept[_key(opt_out.phone, opt_out.sender)] = opt_out

    def heed(self, inbound: Inbound) -> None:
        """Do what a subscriber's message asks for."""
        sender = inbound.service or inbound.to
        if inbound.opts is OptOutType.STOP:
            self.add(OptOut(inbound.phone, sender))
        elif inbound.opts is OptOutType.START:
            self._kept.pop(_key(inbound.phone, sender), None)

    def blocks(self, phone: str, sender: str | None) -> bool:
        """Tell whether nothing may be sent."""
        return any(_key(phone, choice) in self._kept for choice in (sender, None))

    def clear(self) -> None:
        """Forget everybody."""
        self._kept.clear()

    def __iter__(self) -> Iterator[OptOut]:
        """Walk over the list."""
        return iter(tuple(self._kept.values()))


def _key(phone: str, sender: str | None) -> tuple[str, str | None]:
    return plain(phone), None if sender is None else plain(sender)
