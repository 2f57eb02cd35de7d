"""The blacklist table, which the system Habar replaces may have made and filled.

That system stored phones as it was given them, mostly digits, perhaps with a ``+``: both forms are
looked for.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.idempotency import written_with
from adapters.persistence.reads import read
from adapters.persistence.tables import blacklist
from adapters.persistence.transactions import AsyncTransactions, away
from application.ports.repositories import Once
from application.ports.system import Clock
from domain.blacklist import BlacklistEntry
from domain.phone import Phone

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_Addition = tuple[BlacklistEntry, Once | None]
_Removal = tuple[Phone, Once | None]


class BlacklistLookup(Protocol):
    """Which of some phones are listed, as fast as the database can tell."""

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """See ``BlacklistRepository.listed``."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


class SqlBlacklist:
    """The list in ``sms_blacklist``; see ``BlacklistRepository``."""

    def __init__(
        self, commits: GroupCommit, engine: AsyncEngine, lookup: BlacklistLookup, clock: Clock
    ) -> None:
        self._commits = commits
        self._engine = engine
        self._lookup = lookup
        self._clock = clock

    async def add(self, entry: BlacklistEntry, once: Once | None = None) -> bool:
        """Put a phone on the list; see ``BlacklistRepository.add``."""
        return await self._commits.run(self._add, (entry, once))

    async def remove(self, phone: Phone, once: Once | None = None) -> bool:
        """Take a phone off the list; see ``BlacklistRepository.remove``."""
        return await self._commits.run(self._remove, (phone, once))

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        """Return the entry of a phone; see ``BlacklistRepository.find``."""
        query = sa.select(blacklist.c.created_at).where(blacklist.c.phone.in_(_forms(phone)))
        oldest = query.order_by(blacklist.c.created_at.nulls_last())
        rows = await read(self._engine, oldest)
        if not rows:
            return None
        at = rows[0].created_at
        return BlacklistEntry(phone, _LONG_AGO if at is None else at.replace(tzinfo=UTC))

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those on the list; see ``BlacklistRepository.listed``."""
        return await self._lookup.listed(phones)

    def _add(self, connection: sa.Connection, items: Sequence[_Addition]) -> Sequence[bool]:
        fresh = written_with(connection, [once for _, once in items], self._clock.now())
        _insert(connection, [entry for (entry, _), new in zip(items, fresh, strict=True) if new])
        return fresh

    def _remove(self, connection: sa.Connection, items: Sequence[_Removal]) -> Sequence[bool]:
        fresh = written_with(connection, [once for _, once in items], self._clock.now())
        gone = [phone for (phone, _), new in zip(items, fresh, strict=True) if new]
        forms = [form for phone in gone for form in _forms(phone)]
        connection.execute(sa.delete(blacklist).where(blacklist.c.phone.in_(forms)))
        return fresh


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
    """Asks on a connection of its own, in the event loop.

    A look-up takes microseconds; the way to a thread and back takes seventy times as long. At most
    1 000 phones are asked at once, so that the loop never waits for more than a millisecond or two.
    """

    _ONE = "SELECT phone FROM sms_blacklist WHERE phone IN (?, ?)"
    _MANY = "SELECT phone FROM sms_blacklist WHERE phone IN (SELECT value FROM json_each(?))"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those on the list."""
        try:
            found = self._found(phones)
        except sqlite3.OperationalError as error:
            raise away(error) from None
        return _matching(phones, {row[0] for row in found})

    def _found(self, phones: Sequence[Phone]) -> list[tuple[str]]:
        if len(phones) == 1:
            return self._reader().execute(self._ONE, _forms(phones[0])).fetchall()
        asked = msgspec.json.encode([form for phone in phones for form in _forms(phone)])
        return self._reader().execute(self._MANY, (asked.decode(),)).fetchall()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _reader(self) -> sqlite3.Connection:
        if self._connection is None:
            uri = f"{self._path.resolve().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)
            self._connection.execute("PRAGMA mmap_size=268435456")
        return self._connection


def _insert(connection: sa.Connection, entries: Sequence[BlacklistEntry]) -> None:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for entry in entries:
        known = sa.exists().where(blacklist.c.phone.in_(_forms(entry.phone)))
        at = entry.created_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        row = sa.select(
            sa.literal(entry.phone.msisdn), sa.literal(at, blacklist.c.created_at.type)
        ).where(~known)
        new = insert(blacklist).from_select(["phone", "created_at"], row)
        connection.execute(new.on_conflict_do_nothing())


def _select(
    connection: sa.Connection, items: Sequence[Sequence[Phone]]
) -> Sequence[frozenset[Phone]]:
    forms = [form for phones in items for phone in phones for form in _forms(phone)]
    array = sa.literal(forms, postgresql.ARRAY(sa.String))
    query = sa.select(blacklist.c.phone).where(blacklist.c.phone == sa.any_(array))
    found = {row.phone for row in connection.execute(query)}
    return [_matching(phones, found) for phones in items]


def _forms(phone: Phone) -> tuple[str, str]:
    return phone.msisdn, phone.e164


def _matching(phones: Sequence[Phone], found: set[str]) -> frozenset[Phone]:
    if not found:
        return frozenset()
    return frozenset(p for p in phones if p.msisdn in found or p.e164 in found)
