"""What operators see of webhooks, and what they have told again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.insertion import insert_into
from adapters.persistence.tables import UtcDateTime, messages, requests
from adapters.persistence.tables import webhook_deliveries as deliveries
from adapters.persistence.tables import webhook_endpoints as endpoints
from adapters.persistence.tables import webhook_events as events
from adapters.persistence.webhook_outbox import PENDING, WITH_EVENT, to_endpoint
from adapters.persistence.webhook_rows import delivery_row, to_delivery
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.webhooks import DeliveryFilter, EndpointReport, Told
from domain.webhook import Delivery, DeliveryStatus, Endpoint


class SqlWebhookRepository:
    """Deliveries, events and addresses; see ``WebhookRepository``."""

    def __init__(self, transactions: ShortTransactions) -> None:
        self._transactions = transactions

    async def find(
        self, wanted: DeliveryFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Delivery]:
        """Return some deliveries; see ``WebhookRepository.find``."""
        query = WITH_EVENT.where(*_conditions(wanted))
        if before is not None:
            query = query.where(deliveries.c.id < before)
        found = await self._rows(query.order_by(deliveries.c.id.desc()).limit(limit))
        return [to_delivery(row) for row in found]

    async def told(self, since: datetime, *, after: Told | None, limit: int) -> Sequence[Told]:
        """Return some events; see ``WebhookRepository.told``."""
        query = (
            sa.select(events.c.id, events.c.at, requests.c.callback_url)
            .outerjoin_from(events, messages, messages.c.id == events.c.message_id)
            .outerjoin(requests, requests.c.id == messages.c.request_id)
            .where(events.c.at >= since)
        )
        if after is not None:
            last = sa.literal(after.at, UtcDateTime()), sa.literal(after.id, sa.Uuid())
            query = query.where(sa.tuple_(events.c.at, events.c.id) > sa.tuple_(*last))
        found = await self._rows(query.order_by(events.c.at, events.c.id).limit(limit))
        return [Told(row.id, row.at, row.callback_url) for row in found]

    async def repeat(self, delivery_id: UUID, now: datetime) -> Delivery | None:
        """Make a delivery due; see ``WebhookRepository.repeat``."""
        this = deliveries.c.id == delivery_id
        of_it = sa.select(deliveries.c.event_id).where(this)
        again = sa.update(deliveries).where(this).values(**_again(now))

        def work(connection: sa.Connection) -> Delivery | None:
            if not _kept(connection, connection.execute(of_it).scalars().all()):
                return None
            connection.execute(again)
            row = connection.execute(WITH_EVENT.where(this)).one()
            connection.execute(_enabled({row.url}))
            return to_delivery(row)

        return await self._transactions.run(work)

    async def repeat_events(
        self, events: Sequence[Told], urls: Sequence[Sequence[str]], now: datetime
    ) -> None:
        """Make deliveries of events due; see ``WebhookRepository.repeat_events``."""
        wanted = [
            delivery_row(event.id, event.at, url, now)
            for event, of_event in zip(events, urls, strict=True)
            for url in of_event
        ]
        wanted.sort(key=lambda row: row["id"])  # whoever does the same waits instead of locking up

        def work(connection: sa.Connection) -> None:
            kept = _kept(connection, {row["event_id"] for row in wanted})
            rows = [row for row in wanted if row["event_id"] in kept]
            if not rows:
                return
            statement = insert_into(connection, deliveries).on_conflict_do_update(
                index_elements=["id"], set_=_again(now)
            )
            connection.execute(statement, rows)
            connection.execute(_enabled({row["url"] for row in rows}))

        if wanted:
            await self._transactions.run(work)

    async def endpoints(self) -> Sequence[EndpointReport]:
        """Return the addresses; see ``WebhookRepository.endpoints``."""
        known = {row.url: to_endpoint(row) for row in await self._rows(sa.select(endpoints))}
        waiting = sa.select(deliveries.c.url, sa.func.count().label("pending"))
        found = await self._rows(waiting.where(PENDING).group_by(deliveries.c.url))
        pending = {row.url: row.pending for row in found}
        return [
            EndpointReport(endpoint=known.get(url, Endpoint(url=url)), pending=pending.get(url, 0))
            for url in sorted({*known, *pending})
        ]

    async def enable(self, url: str) -> None:
        """Forget an address's past; see ``WebhookRepository.enable``."""
        await self._transactions.run(lambda connection: connection.execute(_enabled({url})))

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return await self._transactions.look(lambda connection: connection.execute(query).all())


def _kept(connection: sa.Connection, ids: Collection[UUID]) -> frozenset[UUID]:
    """Return which events there are, and keep them from being removed with their deliveries."""
    query = sa.select(events.c.id).where(events.c.id.in_(ids)).order_by(events.c.id)
    return frozenset(connection.execute(query.with_for_update(read=True)).scalars())


def _enabled(urls: Collection[str]) -> sa.Delete:
    return sa.delete(endpoints).where(endpoints.c.url.in_(urls))


def _again(now: datetime) -> dict[str, Any]:
    return {
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "updated_at": now,
        "due_at": now,
        "lease_token": None,
        "answer": None,
        "error": None,
    }


def _conditions(wanted: DeliveryFilter) -> list[sa.ColumnElement[bool]]:
    found = []
    if wanted.status is not None:
        # Written out, so that it is seen that a partial index will do.
        found.append(deliveries.c.status == sa.literal_column(f"'{wanted.status}'"))
    if wanted.url is not None:
        found.append(deliveries.c.url == wanted.url)
    if wanted.events is not None:
        found.append(deliveries.c.event_id.in_(wanted.events))
    return found
