"""Deliveries and addresses, as answers show them."""

from datetime import datetime

import msgspec

from application.ports.webhooks import EndpointReport
from domain.webhook import Delivery, DeliveryStatus


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to one address; ``due_at`` only while it is pending."""

    id: str
    event_id: str
    type: str
    message_id: str | None
    url: str
    status: str
    attempts: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    answer: int | None
    error: str | None


class DeliveriesContent(msgspec.Struct, frozen=True):
    """A page of deliveries; ``next_cursor`` where more follow."""

    deliveries: list[DeliveryView]
    next_cursor: str | None


class DeliveriesAnswer(msgspec.Struct, frozen=True):
    """The deliveries that were asked for."""

    status: bool
    content: DeliveriesContent


class DeliveryContent(msgspec.Struct, frozen=True):
    """One delivery."""

    delivery: DeliveryView


class DeliveryAnswer(msgspec.Struct, frozen=True):
    """A delivery that is made again."""

    status: bool
    content: DeliveryContent


class ReplayContent(msgspec.Struct, frozen=True):
    """How many deliveries are made again."""

    deliveries: int


class ReplayAnswer(msgspec.Struct, frozen=True):
    """Deliveries that are made again."""

    status: bool
    content: ReplayContent


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An address: ``active``, ``failing`` or ``disabled``."""

    url: str
    status: str
    pending: int
    failing_since: datetime | None
    disabled_at: datetime | None
    reason: str


class EndpointsContent(msgspec.Struct, frozen=True):
    """Addresses."""

    endpoints: list[EndpointView]


class EndpointsAnswer(msgspec.Struct, frozen=True):
    """The addresses events are posted to."""

    status: bool
    content: EndpointsContent


def delivery_view(delivery: Delivery) -> DeliveryView:
    """Show a delivery."""
    pending = delivery.status is DeliveryStatus.PENDING
    return DeliveryView(
        id=str(delivery.id),
        event_id=str(delivery.event_id),
        type=delivery.event_type,
        message_id=None if delivery.message_id is None else str(delivery.message_id),
        url=delivery.url,
        status=delivery.status,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        updated_at=delivery.updated_at,
        due_at=delivery.due_at if pending else None,
        answer=delivery.answer,
        error=delivery.error,
    )


def endpoint_view(report: EndpointReport) -> EndpointView:
    """Show an address."""
    endpoint = report.endpoint
    failing = "active" if endpoint.failing_since is None else "failing"
    return EndpointView(
        url=endpoint.url,
        status=failing if endpoint.disabled_at is None else "disabled",
        pending=report.pending,
        failing_since=endpoint.failing_since,
        disabled_at=endpoint.disabled_at,
        reason=endpoint.reason,
    )
