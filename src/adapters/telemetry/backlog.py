"""What waits in the database, read when somebody asks: the same in every process."""

import asyncio
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.tables import UtcDateTime, messages, metadata, webhook_deliveries
from adapters.persistence.transactions import AWAY, away
from application.ports.backlog import Backlog
from application.ports.system import Clock
from domain.terms import Priority

TIMEOUT_S = 2.0
_NOTHING: Any = sa.literal_column("0")


class SqlBacklog:
    """Reads what waits, each part of it from an index that holds nothing else."""

    def __init__(self, engine: AsyncEngine, clock: Clock, schema: str | None) -> None:
        """Read through ``engine``; ``clock`` is for SQLite, ``schema`` for PostgreSQL."""
        self._engine = engine
        self._clock = clock
        self._schema = schema

    async def read(self) -> Backlog:
        """Read it.

        Raises:
            StorageUnavailableError: the database is away, or does not answer in time.
        """
        try:
            # A file is never away, and a query cut off on it would go on all the same.
            patience_s = TIMEOUT_S if self._schema else None
            async with asyncio.timeout(patience_s), self._engine.connect() as connection:
                rows = (await connection.execute(self.query())).all()
                dead = (await connection.execute(_dead(self._schema))) if self._schema else ()
                return _told(rows, {row.relname: row.n_dead_tup for row in dead})
        except AWAY as error:
            raise away(error) from None

    def query(self) -> sa.Select[Any]:
        """Return the one statement that asks for all of it."""
        now: sa.ColumnElement[Any] = sa.func.statement_timestamp(type_=UtcDateTime())
        if self._schema is None:
            now = sa.literal(self._clock.now(), UtcDateTime())
        parts = sa.union_all(_queued(now), _unknown(now), _webhooks(now)).subquery()
        return sa.select(parts, now.label("now"))


def _queued(now: sa.ColumnElement[Any]) -> sa.Select[Any]:
    oldest = sa.func.min(messages.c.due_at, type_=UtcDateTime()).label("oldest")
    lane = (messages.c.provider, messages.c.priority)
    # The status is written out: only then does SQLite know that the partial index will do.
    return (
        sa.select(_of("queued"), *lane, sa.func.count().label("number"), oldest)
        .where(messages.c.status == sa.literal_column("'queued'"), messages.c.due_at <= now)
        .group_by(*lane)
    )


def _unknown(now: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(_of("unknown"), messages.c.provider, _NOTHING, sa.func.count(), now)
        .where(messages.c.status == sa.literal_column("'unknown'"))
        .where(messages.c.lookup_at.is_not(None))
        .group_by(messages.c.provider)
    )


def _webhooks(now: sa.ColumnElement[Any]) -> sa.Select[Any]:
    pending = webhook_deliveries.c.status == sa.literal_column("'pending'")
    nobody: Any = sa.literal_column("''")
    return (
        sa.select(_of("webhooks"), nobody, _NOTHING, sa.func.count(), now)
        .select_from(webhook_deliveries)
        .where(pending)
    )


def _of(part: str) -> sa.ColumnElement[Any]:
    return sa.literal_column(f"'{part}'").label("part")


def _dead(schema: str) -> sa.TextClause:
    tables = [table.name for table in metadata.sorted_tables]
    return sa.text(
        "SELECT relname, n_dead_tup FROM pg_stat_user_tables"
        " WHERE schemaname = :schema AND relname = ANY(:tables)"
    ).bindparams(schema=schema, tables=tables)


def _told(rows: Any, dead_tuples: Mapping[str, int]) -> Backlog:  # noqa: ANN401 - rows of any shape
    """Sort the rows into their parts."""
    queued = [row for row in rows if row.part == "queued"]
    return Backlog(
        queued={
            (row.provider, Priority(row.priority)): (
                row.number,
                (row.now - row.oldest).total_seconds(),
            )
            for row in queued
        },
        unknown={row.provider: row.number for row in rows if row.part == "unknown"},
        webhooks=sum(row.number for row in rows if row.part == "webhooks"),
        dead_tuples=dead_tuples,
    )
