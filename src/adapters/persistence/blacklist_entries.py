"""The blacklist as a whole: filled, read page by page, swept."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.blacklist import (
    created_at,
    expires_at,
    from_one_of,
    insert_entries,
    source_of,
    still_counting,
)
from adapters.persistence.blacklist_statements import naive_utc
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.reads import read
from adapters.persistence.tables import blacklist
from application.ports.blacklist import ListedEntry
from application.ports.system import Clock
from domain.blacklist import BlacklistEntry, BlacklistSource

_PLUS = "+"
_BEHIND_ALL = "9" * 20
"""No phone has so many digits."""


class SqlBlacklistEntries:
    """All of ``sms_blacklist``; see ``BlacklistEntries``."""

    def __init__(self, commits: GroupCommit, engine: AsyncEngine, clock: Clock) -> None:
        self._commits = commits
        self._engine = engine
        self._clock = clock

    async def add_all(self, entries: Sequence[BlacklistEntry]) -> int:
        """Put phones on the list; see ``BlacklistEntries.add_all``."""
        return await self._commits.run(_add_all, entries, weight=len(entries))

    async def pause(self) -> None:
        """Let who is writing finish; see ``BlacklistEntries.pause``."""
        await self._commits.pause()

    async def latest(
        self, *, before: int | None, limit: int, source: BlacklistSource | None = None
    ) -> Sequence[ListedEntry]:
        """Return entries, the latest first; see ``BlacklistEntries.latest``."""
        query = self._counting(source).order_by(blacklist.c.id.desc())
        if before is not None:
            query = query.where(blacklist.c.id < sa.literal(before, sa.BigInteger))
        return await self._read(query, limit)

    async def starting_with(
        self, digits: str, *, after: str | None, limit: int, source: BlacklistSource | None = None
    ) -> Sequence[ListedEntry]:
        """Return entries by their phones; see ``BlacklistEntries.starting_with``."""
        found: dict[str, ListedEntry] = {}
        for sign in ("", _PLUS):
            query = self._counting(source).where(*_range(sign, digits, after))
            for entry in await self._read(query.order_by(blacklist.c.phone), limit):
                found.setdefault(entry.phone, entry)
        return sorted(found.values(), key=lambda entry: entry.phone)[:limit]

    async def oldest(self, *, after: int, limit: int) -> Sequence[ListedEntry]:
        """Return entries in the order they were added; see ``BlacklistEntries.oldest``."""
        query = self._counting().where(blacklist.c.id > sa.literal(after, sa.BigInteger))
        return await self._read(query.order_by(blacklist.c.id), limit)

    async def sweep(self, limit: int) -> int:
        """Delete what has expired; see ``BlacklistEntries.sweep``."""
        expired = blacklist.c.expires_at <= naive_utc(self._clock.now())
        some = sa.select(blacklist.c.id).where(expired).limit(limit)
        delete = sa.delete(blacklist).where(blacklist.c.id.in_(some.scalar_subquery()), expired)
        return await self._commits.run(_execute_all, delete, weight=limit)

    def _counting(self, source: BlacklistSource | None = None) -> sa.Select[Any]:
        query = sa.select(blacklist).where(
            blacklist.c.phone.is_not(None), still_counting(self._clock.now())
        )
        return query if source is None else query.where(from_one_of([source]))

    async def _read(self, query: sa.Select[Any], limit: int) -> list[ListedEntry]:
        return [_listed(row) for row in await read(self._engine, query.limit(limit))]


def _range(sign: str, digits: str, after: str | None) -> Sequence[sa.ColumnElement[bool]]:
    """Choose phones in a way an index serves, whatever its collation makes of a plus sign."""
    phone = blacklist.c.phone
    start = phone >= sign + digits if after is None else phone > sign + after
    return start, phone <= sign + digits + _BEHIND_ALL, phone.like(f"{sign}{digits}%")


def _add_all(connection: sa.Connection, items: Sequence[Sequence[BlacklistEntry]]) -> Sequence[int]:
    return [insert_entries(connection, entries) for entries in items]


def _execute_all(connection: sa.Connection, items: Sequence[sa.Delete]) -> Sequence[int]:
    return [connection.execute(statement).rowcount for statement in items]


def _listed(row: sa.Row[Any]) -> ListedEntry:
    return ListedEntry(
        id=row.id,
        phone=row.phone.removeprefix(_PLUS),
        created_at=created_at(row),
        reason=row.reason,
        source=source_of(row),
        note=row.note,
        expires_at=expires_at(row),
    )
