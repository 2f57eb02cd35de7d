"""Counts of messages, on both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_into
from adapters.persistence.names import first_name
from adapters.persistence.reads import read
from adapters.persistence.rows import Row
from adapters.persistence.tables import counters, messages
from application.ports.counters import WAITS_S, Count
from domain.message import MessageStatus

_KEY = ("at", "provider", "status", "wait_s")


class SqlCounters:
    """Counts are rows of ``sms_counters``; see ``Counters``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine) -> None:
        self._commits = commits
        self._reader = reader

    async def recount(self, since: datetime, until: datetime) -> None:
        """Count the messages of a time; see ``Counters.recount``.

        They are found by their ids, which begin with the time.
        """
        kind = (messages.c.provider, messages.c.status, _wait(self._reader.dialect.name))
        query = (
            sa.select(*kind, sa.func.count().label("number"))
            .where(messages.c.id >= first_name(since), messages.c.id < first_name(until))
            .group_by(*kind)
        )
        hour = since.replace(minute=0, second=0, microsecond=0)
        rows = [
            {"at": since, "hour": hour, **row._mapping}  # noqa: SLF001 - its public name
            for row in await read(self._reader, query)
        ]
        await self._commits.run(_replace, (since, until, rows), weight=len(rows) + 1)

    async def read(self, since: datetime, *, by_hour: bool) -> Sequence[Count]:
        """Return the counts from a time on; see ``Counters.read``."""
        at = (counters.c.hour if by_hour else counters.c.at).label("at")
        kind = (at, counters.c.provider, counters.c.status, counters.c.wait_s)
        query = (
            sa.select(*kind, sa.func.sum(counters.c.number).label("number"))
            .where(counters.c.at >= since)
            .group_by(*kind)
            .order_by(at)
        )
        return [
            Count(
                at=row.at,
                provider=row.provider,
                status=MessageStatus(row.status),
                wait_s=row.wait_s,
                number=int(row.number),
            )
            for row in await read(self._reader, query)
        ]

    async def forget(self, before: datetime) -> None:
        """Delete the counts of an earlier time; see ``Counters.forget``."""
        await self._commits.run(_forget, before)


def _wait(dialect: str) -> sa.ColumnElement[int]:
    """Say within how many seconds a delivered message arrived: one of ``WAITS_S``, or 0."""
    seconds: sa.ColumnElement[Any]
    if dialect == "sqlite":
        days = sa.func.julianday(messages.c.updated_at) - sa.func.julianday(messages.c.attempted_at)
        seconds = days * timedelta(days=1).total_seconds()
    else:
        seconds = sa.func.extract("epoch", messages.c.updated_at - messages.c.attempted_at)
    waited: list[tuple[Any, Any]] = [
        (seconds <= bound, sa.literal_column(str(bound))) for bound in WAITS_S[:-1]
    ]
    none = (messages.c.status != "delivered") | messages.c.attempted_at.is_(None)
    last: sa.ColumnElement[int] = sa.literal_column(str(WAITS_S[-1]))
    return sa.case((none, sa.literal_column("0")), *waited, else_=last).label("wait_s")


def _replace(
    connection: sa.Connection, items: Sequence[tuple[datetime, datetime, Sequence[Row]]]
) -> Sequence[None]:
    for since, until, rows in items:
        connection.execute(sa.delete(counters).where(counters.c.at >= since, counters.c.at < until))
        if rows:  # another process may have counted the same at the same time
            new = insert_into(connection, counters)
            known = new.on_conflict_do_update(
                index_elements=_KEY, set_={"number": new.excluded.number}
            )
            connection.execute(known, rows)
    return [None] * len(items)


def _forget(connection: sa.Connection, items: Sequence[datetime]) -> Sequence[None]:
    connection.execute(sa.delete(counters).where(counters.c.at < max(items)))
    return [None] * len(items)
