"""What is old is removed: subscribers' messages, webhooks, and keys that came with no request.

What is removed is found first and locked, where the database has locks: what somebody else is at is
left for the next time, and two processes never wait for each other.
"""

import time
from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.tables import UtcDateTime, inbound
from adapters.persistence.tables import idempotency_keys as keys
from adapters.persistence.tables import webhook_deliveries as deliveries
from adapters.persistence.tables import webhook_events as told
from adapters.persistence.transactions import Work
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.retention import Cutoff, Step
from domain.webhook import DeliveryStatus

# Written out, so that it is seen that a partial index will do.
EMPTY = sa.literal_column("''", sa.Text)
_RANDOM_BITS = 80
"""Behind the milliseconds of a UUIDv7."""
_Act = Callable[[sa.Connection, datetime, int], int]


def named(at: datetime) -> UUID:
    """Return the first UUIDv7 of a time."""
    return UUID(int=int(at.timestamp() * 1000) << _RANDOM_BITS)


def timed(work: Work[int]) -> Work[tuple[int, float]]:
    """Tell how long work took, too."""

    def run(connection: sa.Connection) -> tuple[int, float]:
        started = time.perf_counter()
        done = work(connection)
        return done, time.perf_counter() - started

    return run


def among(
    connection: sa.Connection, column: sa.Column[UUID], ids: Collection[UUID]
) -> sa.ColumnElement[bool]:
    """Choose rows by ids; to PostgreSQL these go as one value, not hundreds."""
    if connection.dialect.name == "sqlite":
        return column.in_(ids)
    return column == sa.any_(sa.literal(list(ids), sa.ARRAY(sa.Uuid())))


class Simple:
    """Removes rows all of which can go once they are old: the oldest first."""

    def __init__(self, transactions: ShortTransactions, act: _Act) -> None:
        self._transactions = transactions
        self._act = act

    async def step(self, cutoff: Cutoff, limit: int) -> Step:
        """Remove some; see ``Remover.step``."""
        work = timed(lambda connection: self._act(connection, cutoff.before, limit))
        removed, held_s = await self._transactions.run(work)
        return Step(removed, held_s, more=removed == limit)


def empty_inbound(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Remove the texts of subscribers' messages."""
    found = _received(connection, before, limit, inbound.c.text != EMPTY)
    connection.execute(
        sa.update(inbound).where(among(connection, inbound.c.id, found)).values(text="")
    )
    return len(found)


def delete_inbound(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Remove subscribers' messages."""
    found = _received(connection, before, limit)
    connection.execute(sa.delete(inbound).where(among(connection, inbound.c.id, found)))
    return len(found)


def delete_keys(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Remove idempotency keys that came with no request; the others go with theirs."""
    query = (
        sa.select(keys.c.account, keys.c.key)
        .where(keys.c.request_id.is_(None), keys.c.created_at < before)
        .where(keys.c.running_until < before)
        .order_by(keys.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(query).all()
    for account in {row.account for row in found}:  # SQLite finds no pairs by an index
        theirs = [row.key for row in found if row.account == account]
        gone = sa.delete(keys).where(keys.c.account == account, keys.c.key.in_(theirs))
        connection.execute(gone)
    return len(found)


def _received(
    connection: sa.Connection, before: datetime, limit: int, *which: sa.ColumnElement[bool]
) -> list[UUID]:
    query = (
        sa.select(inbound.c.id)
        .where(inbound.c.id < named(before), inbound.c.received_at < before, *which)
        .order_by(inbound.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(connection.execute(query).scalars())


class OldWebhooks:
    """Removes events with their deliveries, once none is waiting or was posted of late.

    Where nobody is ``announced`` anything, what waits does so in vain.
    """

    def __init__(self, transactions: ShortTransactions, *, announced: bool) -> None:
        self._transactions = transactions
        self._announced = announced
        self._after: tuple[datetime, UUID] | None = None

    async def step(self, cutoff: Cutoff, limit: int) -> Step:
        """Remove some; see ``Remover.step``."""
        query = sa.select(told.c.id, told.c.at).where(told.c.at < cutoff.before, self._behind())
        query = query.order_by(told.c.at, told.c.id).limit(limit)
        rows = await self._transactions.look(lambda connection: connection.execute(query).all())
        ids = [row.id for row in rows]
        alive = deliveries.c.updated_at >= cutoff.before
        if self._announced:
            alive |= deliveries.c.status == DeliveryStatus.PENDING
        work = timed(lambda connection: _delete_events(connection, ids, alive))
        removed, held_s = await self._transactions.run(work) if ids else (0, 0.0)
        more = len(rows) == limit
        self._after = (rows[-1].at, rows[-1].id) if more else None
        return Step(removed, held_s, more)

    def _behind(self) -> sa.ColumnElement[bool]:
        if self._after is None:
            return sa.true()
        at, event_id = self._after
        last = sa.tuple_(sa.literal(at, UtcDateTime()), sa.literal(event_id, sa.Uuid()))
        return sa.tuple_(told.c.at, told.c.id) > last


def _delete_events(
    connection: sa.Connection, ids: list[UUID], alive: sa.ColumnElement[bool]
) -> int:
    # First the events: who has one told again locks it, and nobody makes a delivery of it unseen.
    query = sa.select(told.c.id).where(among(connection, told.c.id, ids))
    locked = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
    live = sa.select(deliveries.c.event_id).where(
        among(connection, deliveries.c.event_id, locked), alive
    )
    kept = set(connection.execute(live).scalars())
    found = [id_ for id_ in locked if id_ not in kept]
    connection.execute(sa.delete(deliveries).where(among(connection, deliveries.c.event_id, found)))
    connection.execute(sa.delete(told).where(among(connection, told.c.id, found)))
    return len(found)
