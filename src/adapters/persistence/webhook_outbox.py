"""Deliveries as rows, on both databases."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from adapters.persistence.tables import UtcDateTime
from adapters.persistence.tables import webhook_deliveries as deliveries
from adapters.persistence.tables import webhook_endpoints as endpoints
from adapters.persistence.tables import webhook_events as events
from adapters.persistence.webhook_rows import to_delivery
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.webhooks import DueAddress, Post
from domain.webhook import Answered, Delivery, DeliveryStatus, Endpoint

# Written out, so that it is seen that the partial index will do.
PENDING = deliveries.c.status == sa.literal_column("'pending'")
WITH_EVENT = sa.select(deliveries, events.c.type, events.c.message_id).join_from(
    deliveries, events, events.c.id == deliveries.c.event_id
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

    async def due(self, now: datetime) -> Sequence[DueAddress]:
        """Return who has something waiting; see ``WebhookOutbox.due``."""
        found = await self._transactions.glance(lambda c: c.execute(_DUE, {"now": now}).all())
        return [DueAddress(row.url, row.disabled_at is not None) for row in found]

    async def claim(
        self, url: str, *, limit: int, token: UUID, now: datetime, until: datetime
    ) -> Sequence[Post]:
        """Take what is due; see ``WebhookOutbox.claim``."""
        enabled = ~sa.exists().where(endpoints.c.url == url, endpoints.c.disabled_at.is_not(None))
        waiting = (
            sa.select(deliveries.c.id)
            .where(PENDING, deliveries.c.url == url, deliveries.c.due_at <= now, enabled)
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("waiting")  # evaluated once: a subquery might lock more than its limit
        )
        take = (
            sa.update(deliveries)
            .where(deliveries.c.id.in_(sa.select(waiting.c.id)))
            .values(lease_token=token, due_at=until)
            .returning(deliveries.c.id)
        )

        def work(connection: sa.Connection) -> list[Post]:
            taken = connection.execute(take).scalars().all()
            if not taken:
                return []
            query = WITH_EVENT.add_columns(events.c.body).where(deliveries.c.id.in_(taken))
            found = connection.execute(query.order_by(deliveries.c.id))
            return [Post(to_delivery(row), row.body, token) for row in found]

        return await self._transactions.run(work)

    async def settle(self, post: Post, after: Delivery, answer: Answered) -> Endpoint | None:
        """Write what a post came to; see ``WebhookOutbox.settle``."""
        held = (deliveries.c.id == after.id, deliveries.c.lease_token == post.token)
        settled = sa.update(deliveries).where(*held).values(**_state(after))

        def work(connection: sa.Connection) -> Endpoint | None:
            if not connection.execute(settled).rowcount:
                return None
            return _note(connection, after.url, answer, after.updated_at)

        return await self._transactions.run(work)

    async def abandon(self, url: str, reason: str, *, limit: int, now: datetime) -> int:
        """Give deliveries up; see ``WebhookOutbox.abandon``."""
        free = sa.or_(deliveries.c.lease_token.is_(None), deliveries.c.due_at <= now)
        some = (
            sa.select(deliveries.c.id)
            .where(PENDING, deliveries.c.url == url, free)
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


def _due() -> sa.Select[Any]:
    """Step from address to address along the index, however many deliveries each has."""
    first = sa.select(sa.func.min(deliveries.c.url)).where(PENDING).scalar_subquery()
    walk = sa.select(first.label("url")).cte("walk", recursive=True)
    following = (
        sa.select(sa.func.min(deliveries.c.url))
        .where(PENDING, deliveries.c.url > walk.c.url)
        .scalar_subquery()
    )
    walk = walk.union_all(sa.select(following).where(walk.c.url.is_not(None)))
    earliest = (
        sa.select(sa.func.min(deliveries.c.due_at))
        .where(PENDING, deliveries.c.url == walk.c.url)
        .scalar_subquery()
    )
    found = sa.select(walk.c.url, earliest.label("due_at")).where(walk.c.url.is_not(None)).cte()
    is_due = found.c.due_at <= sa.bindparam("now", type_=UtcDateTime())
    return (
        sa.select(found.c.url, endpoints.c.disabled_at)
        .join_from(found, endpoints, endpoints.c.url == found.c.url, isouter=True)
        .where(sa.or_(is_due, endpoints.c.disabled_at.is_not(None)))
        .order_by(found.c.due_at)
    )


_DUE = _due()


def _state(after: Delivery) -> dict[str, Any]:
    return {
        "status": after.status,
        "attempts": after.attempts,
        "updated_at": after.updated_at,
        "due_at": after.due_at,
        "lease_token": None,
        "answer": after.answer,
        "error": after.error,
    }


def _note(connection: sa.Connection, url: str, answer: Answered, now: datetime) -> Endpoint:
    """Remember how an address answered; one that gives no trouble has no row."""
    query = sa.select(endpoints).where(endpoints.c.url == url).with_for_update()
    row = connection.execute(query).one_or_none()
    known = Endpoint(url=url) if row is None else to_endpoint(row)
    after = known.after(answer, now)
    if after == Endpoint(url=url):
        if row is not None:
            connection.execute(sa.delete(endpoints).where(endpoints.c.url == url))
    elif after != known:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        values = asdict(after)
        statement = insert(endpoints).values(values)
        connection.execute(statement.on_conflict_do_update(index_elements=["url"], set_=values))
    return after


def to_endpoint(row: sa.Row[Any]) -> Endpoint:
    """Read what is known of an address back."""
    return Endpoint(
        url=row.url,
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        reason=row.reason,
    )
