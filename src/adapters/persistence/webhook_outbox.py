"""Deliveries as rows, on both databases."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningUpdate

from adapters.persistence.insertion import insert_new
from adapters.persistence.tables import UtcDateTime
from adapters.persistence.tables import webhook_deliveries as deliveries
from adapters.persistence.tables import webhook_endpoints as endpoints
from adapters.persistence.tables import webhook_events as events
from adapters.persistence.webhook_rows import disabled_urls, to_delivery
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.webhooks import DueAddress, Places, Post
from domain.webhook import Answered, Delivery, DeliveryStatus, Endpoint

# Written out, so that it is seen that the partial index will do.
PENDING = deliveries.c.status == sa.literal_column("'pending'")
WITH_EVENT = sa.select(deliveries, events.c.type, events.c.message_id).join_from(
    deliveries, events, events.c.id == deliveries.c.event_id
)


def _take() -> ReturningUpdate[tuple[UUID]]:
    url, now = sa.bindparam("of_url", type_=sa.Text), sa.bindparam("now", type_=UtcDateTime())
    enabled = ~sa.exists().where(endpoints.c.url == url, endpoints.c.disabled_at.is_not(None))
    waiting = (
        sa.select(deliveries.c.id)
        .where(PENDING, deliveries.c.url == url, deliveries.c.due_at <= now, enabled)
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(sa.bindparam("many", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        .cte("waiting")  # evaluated once: a subquery might lock more than its limit
    )
    return (
        sa.update(deliveries)
        .where(deliveries.c.id.in_(sa.select(waiting.c.id)))
        .values(lease_token=sa.bindparam("new_token"), due_at=sa.bindparam("until"))
        .returning(deliveries.c.id)
    )


# Made once: what makes them costs several times what they do.
_TAKE = _take()
_TAKEN = (
    WITH_EVENT.add_columns(events.c.body)
    .where(deliveries.c.id.in_(sa.bindparam("taken", expanding=True)))
    .order_by(deliveries.c.id)
)
_STATE = ("status", "attempts", "updated_at", "due_at", "answer", "error")
_SETTLE = (
    sa.update(deliveries)
    .where(
        deliveries.c.id == sa.bindparam("this"), deliveries.c.lease_token == sa.bindparam("held")
    )
    .values(lease_token=None, **{name: sa.bindparam(f"new_{name}") for name in _STATE})
)


class SqlWebhookOutbox:
    """Rows of ``sms_webhook_deliveries``; see ``WebhookOutbox``."""

    def __init__(self, transactions: ShortTransactions) -> None:
        self._transactions = transactions

    async def recover(self, now: datetime) -> None:
        """Free what a dead start held; see ``WebhookOutbox.recover``.

        On PostgreSQL another process may hold it: there its time runs out.
        """
        held = sa.update(deliveries).where(PENDING, deliveries.c.lease_token.is_not(None))
        if self._transactions.on_sqlite:
            freed = held.values(due_at=now, lease_token=None)
            await self._transactions.run(lambda connection: connection.execute(freed))

    async def due(self, now: datetime, places: Places, *, limit: int) -> Sequence[DueAddress]:
        """Return who has something waiting; see ``WebhookOutbox.due``."""
        # So many deliveries, not addresses: one with a long backlog is not walked through.
        waiting = (
            sa.select(deliveries.c.url, deliveries.c.host)
            .where(PENDING, deliveries.c.due_at <= now, _within(places))
            .order_by(deliveries.c.due_at)
            .limit(limit)
        )

        def work(connection: sa.Connection) -> list[DueAddress]:
            found = {row.url: row.host for row in connection.execute(waiting)}
            disabled = disabled_urls(connection, found) if found else ()
            return [DueAddress(url, host, url in disabled) for url, host in found.items()]

        return await self._transactions.look(work)

    async def claim(
        self, url: str, *, limit: int, token: UUID, now: datetime, until: datetime
    ) -> Sequence[Post]:
        """Take what is due; see ``WebhookOutbox.claim``."""
        wanted = {"of_url": url, "many": limit, "now": now, "new_token": token, "until": until}

        def work(connection: sa.Connection) -> list[Post]:
            taken = connection.execute(_TAKE, wanted).scalars().all()
            if not taken:
                return []
            found = connection.execute(_TAKEN, {"taken": taken})
            return [Post(to_delivery(row), row.body, token) for row in found]

        return await self._transactions.run(work)

    async def settle(self, post: Post, after: Delivery, answer: Answered) -> Endpoint | None:
        """Write what a post came to; see ``WebhookOutbox.settle``."""
        state = {f"new_{name}": getattr(after, name) for name in _STATE}
        settled = {"this": after.id, "held": post.token, **state}

        def work(connection: sa.Connection) -> Endpoint | None:
            if not connection.execute(_SETTLE, settled).rowcount:
                return None
            return _note(connection, after.url, answer, after.updated_at)

        return await self._transactions.run(work)

    async def abandon(self, url: str, reason: str, *, limit: int, now: datetime) -> int:
        """Give deliveries up; see ``WebhookOutbox.abandon``."""
        free = sa.or_(deliveries.c.lease_token.is_(None), deliveries.c.due_at <= now)
        return await self._give_up(sa.and_(deliveries.c.url == url, free), reason, limit, now)

    async def abandon_others(
        self, places: Places, reason: str, *, due_before: datetime, limit: int, now: datetime
    ) -> int:
        """Give up what goes elsewhere; see ``WebhookOutbox.abandon_others``."""
        stale = sa.and_(deliveries.c.due_at <= due_before, sa.not_(_within(places)))
        return await self._give_up(stale, reason, limit, now)

    async def _give_up(
        self, which: sa.ColumnElement[bool], reason: str, limit: int, now: datetime
    ) -> int:
        some = (
            sa.select(deliveries.c.id)
            .where(PENDING, which)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("some")  # as above
        )
        given_up = (
            sa.update(deliveries)
            .where(deliveries.c.id.in_(sa.select(some.c.id)))
            .values(status=DeliveryStatus.FAILED, error=reason, updated_at=now, lease_token=None)
            # The driver of SQLite does not count what a statement that begins with WITH changes.
            .returning(deliveries.c.id)
        )
        return await self._transactions.run(lambda c: len(c.execute(given_up).all()))


def _within(places: Places) -> sa.ColumnElement[bool]:
    permitted = sa.or_(deliveries.c.host.in_(places.hosts), deliveries.c.url.in_(places.urls))
    return sa.and_(permitted, deliveries.c.url.not_in(places.without))


def _note(connection: sa.Connection, url: str, answer: Answered, now: datetime) -> Endpoint:
    """Remember how an address answered; one that gives no trouble has no row."""
    this = endpoints.c.url == url
    row = _locked(connection, url, make=not answer.good)
    if row is None:
        return Endpoint(url=url)
    known = to_endpoint(row)
    after = known.after(answer, now)
    if after == Endpoint(url=url):
        connection.execute(sa.delete(endpoints).where(this))
    elif after != known:
        connection.execute(sa.update(endpoints).where(this).values(**asdict(after)))
    return after


def _locked(connection: sa.Connection, url: str, *, make: bool) -> sa.Row[Any] | None:
    """Lock what is known of an address; a row that is not there yet cannot be locked."""
    query = sa.select(endpoints).where(endpoints.c.url == url).with_for_update()
    fresh = insert_new(connection, endpoints).values(url=url)
    # Another one may take it out in between, and would not be waited for a second time.
    while (row := connection.execute(query).one_or_none()) is None and make:
        connection.execute(fresh)
    return row


def to_endpoint(row: sa.Row[Any]) -> Endpoint:
    """Read what is known of an address back."""
    return Endpoint(
        url=row.url,
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        reason=row.reason,
    )
