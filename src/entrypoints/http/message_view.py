"""Messages and requests, as answers show them. Times are RFC 3339 UTC, phones plain digits."""

from datetime import datetime

import msgspec

from application.ports.repositories import StoredMessage
from domain.event import Event
from domain.message import Failure, Message, MessageStatus
from domain.request import Request


class ErrorView(msgspec.Struct, frozen=True):
    """Why a message did not go: our code, a sentence, the provider's own code."""

    code: str
    text: str
    provider_code: str | None


class MessageRow(msgspec.Struct, frozen=True):
    """One recipient in the answer to a request."""

    id: str | None
    phone: str
    status: str
    provider: str
    segments: int
    error: ErrorView | None


class EventView(msgspec.Struct, frozen=True):
    """One line of a history."""

    at: datetime
    event: str
    provider: str | None
    text: str
    provider_code: str | None
    duration_ms: int | None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message; ``history`` only where one message was asked for."""

    id: str
    request_id: str
    channel: str
    phone: str
    provider: str
    provider_id: str | None
    status: str
    sender: str | None
    reference: str | None
    segments: int
    encoding: str
    priority: str
    attempts: int
    lookups: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    expires_at: datetime | None
    error: ErrorView | None
    history: list[EventView] | msgspec.UnsetType = msgspec.UNSET


class RequestView(msgspec.Struct, frozen=True):
    """A request, without its text."""

    id: str
    channel: str
    recipients: int
    sender: str | None
    reference: str | None
    priority: str
    created_at: datetime


def message_row(message: Message, segments: int, *, stored: bool = True) -> MessageRow:
    """Show a message in the answer to its request."""
    return MessageRow(
        id=str(message.id) if stored else None,
        phone=message.recipient.msisdn,
        status=message.status,
        provider=message.provider,
        segments=segments,
        error=_error(message.failure),
    )


def message_view(stored: StoredMessage) -> MessageView:
    """Show a message as it is stored."""
    message = stored.message
    return MessageView(
        id=str(message.id),
        request_id=str(message.request_id),
        channel=message.channel,
        phone=message.recipient.msisdn,
        provider=message.provider,
        provider_id=message.provider_id,
        status=message.status,
        sender=None if message.sender is None else message.sender.text,
        reference=message.reference,
        segments=stored.segments,
        encoding=stored.encoding,
        priority=message.terms.priority.label,
        attempts=message.attempts,
        lookups=message.lookups,
        created_at=message.created_at,
        updated_at=message.updated_at,
        due_at=message.due_at if message.status is MessageStatus.QUEUED else None,
        expires_at=message.expires_at,
        error=_error(message.failure),
        history=[_event(event) for event in stored.history] or msgspec.UNSET,
    )


def request_view(request: Request) -> RequestView:
    """Show a request."""
    return RequestView(
        id=str(request.id),
        channel=request.channel,
        recipients=request.recipients,
        sender=None if request.sender is None else request.sender.text,
        reference=request.reference,
        priority=request.terms.priority.label,
        created_at=request.created_at,
    )


def _event(event: Event) -> EventView:
    return EventView(
        at=event.at,
        event=event.name,
        provider=event.provider,
        text=event.text,
        provider_code=event.provider_code,
        duration_ms=event.duration_ms,
    )


def _error(failure: Failure | None) -> ErrorView | None:
    return None if failure is None else ErrorView(failure.code, failure.text, failure.provider_code)
