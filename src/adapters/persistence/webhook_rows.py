"""Webhook events and deliveries as rows, written in the transaction of what is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.insertion import insert_new
from adapters.persistence.rows import Row
from adapters.persistence.tables import webhook_deliveries as deliveries
from adapters.persistence.tables import webhook_endpoints as endpoints
from adapters.persistence.tables import webhook_events as events
from application.webhooks_addresses import host_of
from domain.inbound import InboundMessage
from domain.webhook import RECEIVED, Delivery, DeliveryStatus, delivery_id, received_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something that is to be told.

    Attributes:
        body: the JSON that is posted.
        urls: to whom.
    """

    id: UUID
    type: str
    message_id: UUID | None
    at: datetime
    body: bytes
    urls: tuple[str, ...]


def insert_received(
    connection: sa.Connection,
    inbound: InboundMessage,
    body: bytes,
    urls: Collection[str],
    now: datetime,
) -> None:
    """Have a subscriber's message told; where there are no addresses, nothing is written.

    Args:
        connection: of the transaction that writes the message; of either database.
        inbound: the message.
        body: the JSON that is posted.
        urls: ``WEBHOOK_URLS``.
        now: what the time is.
    """
    event = NewEvent(
        id=received_id(inbound.id),
        type=RECEIVED,
        message_id=None,
        at=inbound.received_at,
        body=body,
        urls=tuple(map(str, urls)),  # settings are a kind of text of their own
    )
    insert_events(connection, [event], now)


def insert_events(connection: sa.Connection, new: Sequence[NewEvent], now: datetime) -> None:
    """Write events and their deliveries; what is there already stays as it is.

    An event is written for an address that is disabled, too, so that it can be told later; its
    delivery is not.
    """
    told = [event for event in new if event.urls]
    if not told:
        return
    disabled = disabled_urls(connection, {url for event in told for url in event.urls})
    connection.execute(insert_new(connection, events), [_event_row(event) for event in told])
    rows = [
        delivery_row(event.id, event.at, url, now)
        for event in told
        for url in dict.fromkeys(event.urls)
        if url not in disabled
    ]
    if rows:
        connection.execute(insert_new(connection, deliveries), rows)


def disabled_urls(connection: sa.Connection, urls: Collection[str]) -> frozenset[str]:
    """Return those of some addresses nothing is posted to."""
    query = sa.select(endpoints.c.url).where(
        endpoints.c.url.in_(urls), endpoints.c.disabled_at.is_not(None)
    )
    return frozenset(connection.execute(query).scalars())


def delivery_row(event_id: UUID, at: datetime, url: str, now: datetime) -> Row:
    """Return a delivery that is due, of an event of that time."""
    return {
        "id": delivery_id(event_id, at, url),
        "event_id": event_id,
        "url": url,
        "host": host_of(url) or "",
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "created_at": now,
        "updated_at": now,
        "due_at": now,
    }


def to_delivery(row: Any) -> Delivery:  # noqa: ANN401 - of either database's driver
    """Read a delivery back, with what its event says beside it."""
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        event_type=row.type,
        message_id=row.message_id,
        url=row.url,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        created_at=row.created_at,
        updated_at=row.updated_at,
        due_at=row.due_at,
        answer=row.answer,
        error=row.error,
    )


def _event_row(event: NewEvent) -> Row:
    return {
        "id": event.id,
        "type": event.type,
        "message_id": event.message_id,
        "at": event.at,
        "body": event.body,
    }
