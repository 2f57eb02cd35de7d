"""Which of some phones are listed, as fast as the database can tell.

The system Habar replaces stored phones as it was given them, mostly digits, perhaps with a ``+``:
both forms are looked for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.sqlite_reader import SqliteReader
from adapters.persistence.tables import blacklist
from adapters.persistence.transactions import AsyncTransactions
from domain.phone import Phone


class BlacklistLookup(Protocol):
    """Tells who is listed."""

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """See ``BlacklistRepository.listed``."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


class PostgresLookup:
    """Asks for the phones of all waiting requests in one query."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reads = GroupCommit(AsyncTransactions(engine))

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those on the list."""
        return await self._reads.run(_select, phones)

    async def close(self) -> None:
        """Give the connection back."""
        await self._reads.close()


class SqliteLookup:
    """Asks in the event loop; at most 1 000 phones at once, so that it never waits for long."""

    # The index finds the phone; whether it has expired is only asked of what was found.
    _LIVE = "(expires_at IS NULL OR expires_at > strftime('%Y-%m-%d %H:%M:%f', 'now'))"
    ONE = f"SELECT phone FROM sms_blacklist WHERE phone IN (?, ?) AND {_LIVE}"  # noqa: S608 - ours
    MANY = (
        "SELECT phone FROM sms_blacklist"  # noqa: S608 - ours
        f" WHERE phone IN (SELECT value FROM json_each(?)) AND {_LIVE}"
    )

    def __init__(self, path: Path) -> None:
        self._reader = SqliteReader(path)

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those on the list."""
        return _matching(phones, {row[0] for row in self._found(phones)})

    def _found(self, phones: Sequence[Phone]) -> list[tuple[str]]:
        if len(phones) == 1:
            return self._reader.rows(self.ONE, forms(phones[0]))
        asked = msgspec.json.encode([form for phone in phones for form in forms(phone)])
        return self._reader.rows(self.MANY, (asked.decode(),))

    async def close(self) -> None:
        """Close the connection."""
        self._reader.close()


def forms(phone: Phone) -> tuple[str, str]:
    """Return the two ways a phone may stand in the table."""
    return phone.msisdn, phone.e164


def asked_for(phones: Sequence[str]) -> sa.Select[tuple[str]]:
    """Make the query PostgreSQL answers."""
    array = sa.literal(phones, postgresql.ARRAY(sa.String))
    now = sa.func.timezone("UTC", sa.func.now())
    live = blacklist.c.expires_at.is_(None) | (blacklist.c.expires_at > now)
    return sa.select(blacklist.c.phone).where(blacklist.c.phone == sa.any_(array), live)


def _select(
    connection: sa.Connection, items: Sequence[Sequence[Phone]]
) -> Sequence[frozenset[Phone]]:
    asked = [form for phones in items for phone in phones for form in forms(phone)]
    found = {row.phone for row in connection.execute(asked_for(asked))}
    return [_matching(phones, found) for phones in items]


def _matching(phones: Sequence[Phone], found: set[str]) -> frozenset[Phone]:
    if not found:
        return frozenset()
    return frozenset(p for p in phones if p.msisdn in found or p.e164 in found)
