"""Which of some phones want nothing from which senders, as fast as the database can tell."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.sqlite_reader import SqliteReader
from adapters.persistence.tables import opt_outs
from adapters.persistence.transactions import AsyncTransactions
from domain.phone import Phone
from domain.sender_id import SenderId

Refused = frozenset[tuple[Phone, SenderId | None]]
_Asked = tuple[Sequence[Phone], str]


class OptOutLookup(Protocol):
    """Tells who has opted out."""

    async def among(self, phones: Sequence[Phone], provider: str) -> Refused:
        """See ``OptOuts.among``."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


class PostgresOptOutLookup:
    """Asks for the phones of all waiting requests in one query."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reads = GroupCommit(AsyncTransactions(engine))

    async def among(self, phones: Sequence[Phone], provider: str) -> Refused:
        """Return the opt-outs of some phones."""
        return await self._reads.run(_select, (phones, provider))

    async def close(self) -> None:
        """Give the connection back."""
        await self._reads.close()


class SqliteOptOutLookup:
    """Asks in the event loop; at most 1 000 phones at once, so that it never waits for long."""

    QUERY = (
        "SELECT phone, sender FROM sms_opt_outs"
        " WHERE phone IN (SELECT value FROM json_each(?)) AND provider = ?"
    )

    def __init__(self, path: Path) -> None:
        self._reader = SqliteReader(path)

    async def among(self, phones: Sequence[Phone], provider: str) -> Refused:
        """Return the opt-outs of some phones."""
        asked = msgspec.json.encode([phone.msisdn for phone in phones]).decode()
        return _refused(self._reader.rows(self.QUERY, (asked, provider)))

    async def close(self) -> None:
        """Close the connection."""
        self._reader.close()


def _select(connection: sa.Connection, items: Sequence[_Asked]) -> Sequence[Refused]:
    asked = [phone.msisdn for phones, _ in items for phone in phones]
    query = sa.select(opt_outs.c.phone, opt_outs.c.provider, opt_outs.c.sender).where(
        opt_outs.c.phone == sa.any_(sa.literal(asked, postgresql.ARRAY(sa.String))),
        opt_outs.c.provider.in_({provider for _, provider in items}),
    )
    found = [(row.phone, row.provider, row.sender) for row in connection.execute(query)]
    return [_chosen(found, *item) for item in items]


def _chosen(found: Sequence[tuple[str, str, str]], phones: Sequence[Phone], code: str) -> Refused:
    if not found:
        return frozenset()
    asked = {phone.msisdn for phone in phones}
    return _refused(
        (phone, sender) for phone, provider, sender in found if provider == code and phone in asked
    )


def _refused(rows: Iterable[tuple[str, str]]) -> Refused:
    return frozenset(
        (Phone(f"+{phone}"), SenderId(sender) if sender else None) for phone, sender in rows
    )
