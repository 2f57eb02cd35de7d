"""The blacklist table, which the system Habar replaces may have made and filled."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.blacklist_lookup import BlacklistLookup, forms
from adapters.persistence.blacklist_statements import (
    CHANGES,
    joined,
    naive_utc,
    phones_of,
    rows_of,
)
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.idempotency import written_with
from adapters.persistence.opt_outs import lift_opt_outs
from adapters.persistence.reads import read
from adapters.persistence.tables import blacklist, opt_outs
from application.ports.blacklist import Once
from application.ports.system import Clock
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.phone import Phone

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_Addition = tuple[BlacklistEntry, Once | None]
_Removal = tuple[Phone, Once | None]


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
        query = sa.select(blacklist).where(
            blacklist.c.phone.in_(forms(phone)), still_counting(self._clock.now())
        )
        rows = await read(self._engine, query.order_by(blacklist.c.created_at.nulls_last()))
        if not rows:
            return None
        return BlacklistEntry(
            phone,
            created_at(rows[0]),
            reason=rows[0].reason,
            source=source_of(rows[0]),
            note=rows[0].note,
            expires_at=expires_at(rows[0]),
        )

    async def refuses(self, phone: Phone) -> bool:
        """Tell whether a phone is on a list; see ``BlacklistRepository.refuses``."""
        entry = sa.exists().where(
            blacklist.c.phone.in_(forms(phone)), still_counting(self._clock.now())
        )
        opted_out = sa.exists().where(opt_outs.c.phone == phone.msisdn)
        (row,) = await read(self._engine, sa.select((entry | opted_out).label("found")))
        return bool(row.found)

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those on the list; see ``BlacklistRepository.listed``."""
        return await self._lookup.listed(phones)

    def _add(self, connection: sa.Connection, items: Sequence[_Addition]) -> Sequence[bool]:
        fresh = written_with(connection, [once for _, once in items], self._clock.now())
        insert_entries(
            connection, [entry for (entry, _), new in zip(items, fresh, strict=True) if new]
        )
        return fresh

    def _remove(self, connection: sa.Connection, items: Sequence[_Removal]) -> Sequence[bool]:
        fresh = written_with(connection, [once for _, once in items], self._clock.now())
        gone = [phone for (phone, _), new in zip(items, fresh, strict=True) if new]
        delete_phones(connection, gone)
        lift_opt_outs(connection, gone)
        return fresh


def insert_entries(connection: sa.Connection, entries: Sequence[BlacklistEntry]) -> int:
    """Put phones on the list, inside a transaction; see ``BlacklistRepository.add``.

    Returns:
        How many were not there.
    """
    if not entries:
        return 0
    wanted = joined(entries)
    rows, changes = {"rows": rows_of(wanted)}, CHANGES[connection.dialect.name]
    added = connection.execute(changes.add, rows).rowcount
    if added < len(wanted):
        if connection.execute(changes.forget, rows).rowcount:
            added += connection.execute(changes.add, rows).rowcount
        connection.execute(changes.prolong, rows)
    return added


def delete_phones(
    connection: sa.Connection,
    phones: Sequence[Phone],
    sources: Collection[BlacklistSource] | None = None,
) -> None:
    """Take phones off the list, inside a transaction.

    Args:
        connection: of the transaction.
        phones: those that are not there are no error.
        sources: only entries of these; ``None``: whoever made them.
    """
    if not phones:
        return
    statement = CHANGES[connection.dialect.name].remove
    if sources is not None:
        statement = statement.where(from_one_of(sources))
    asked = phones_of([form for phone in phones for form in forms(phone)])
    connection.execute(statement, {"rows": asked})


def from_one_of(sources: Collection[BlacklistSource]) -> sa.ColumnElement[bool]:
    """Choose entries by their source; one that does not say it came by the API."""
    said = sa.func.coalesce(blacklist.c.source, BlacklistSource.API.value)
    return said.in_([source.value for source in sources])


def still_counting(now: datetime) -> sa.ColumnElement[bool]:
    """Choose entries that have not expired."""
    expires = blacklist.c.expires_at
    return expires.is_(None) | (expires > naive_utc(now))


def created_at(row: sa.Row[tuple[object, ...]]) -> datetime:
    """Read since when an entry is there; the system Habar replaces may not have said it."""
    at: datetime | None = row.created_at
    return _LONG_AGO if at is None else at.replace(tzinfo=UTC)


def expires_at(row: sa.Row[tuple[object, ...]]) -> datetime | None:
    """Read when an entry expires."""
    at: datetime | None = row.expires_at
    return None if at is None else at.replace(tzinfo=UTC)


def source_of(row: sa.Row[tuple[object, ...]]) -> BlacklistSource:
    """Read who made an entry; before Habar there was only the API."""
    return BlacklistSource(row.source or BlacklistSource.API)
