"""Domain objects to rows and back: the whole mapping of the outbox tables."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.bulk import Row
from application.ports.outbox import NewMessage, Settlement
from application.ports.repositories import StoredMessage
from domain.event import Event, EventName
from domain.message import Channel, Failure, Message, MessageStatus
from domain.phone import Phone
from domain.request import Request
from domain.segments import Encoding
from domain.sender_id import SenderId


def request_row(request: Request) -> Row:
    """Map a request."""
    return {
        "id": request.id,
        "channel": request.channel,
        "text": request.text,
        "recipients": request.recipients,
        "sender": None if request.sender is None else request.sender.text,
        "reference": request.reference,
        "created_at": request.created_at,
    }


def message_row(new: NewMessage, owner: UUID) -> Row:
    """Map a message on its way in; its text, sender and reference are its request's."""
    message, lease = new.message, new.lease
    return {
        "id": message.id,
        "request_id": message.request_id,
        "phone": message.recipient.msisdn,
        "provider": message.provider,
        "segments": new.segments.count,
        "encoding": new.segments.encoding,
        "attempts": message.attempts,
        "created_at": message.created_at,
        "due_at": message.created_at,
        "lease_token": None if lease is None else lease.token,
        "lease_owner": None if lease is None else owner,
        "lease_until": None if lease is None else lease.until,
        **_state(message),
    }


def settled_row(settlement: Settlement) -> Row:
    """Map what a settlement changes, and the lease it must still hold."""
    message, lease = settlement.message, settlement.lease
    return {
        "of_id": message.id,
        "of_token": lease.token,
        "of_status": MessageStatus.SENDING,
        **_state(message),
    }


def _state(message: Message) -> Row:
    failure = message.failure
    return {
        "status": message.status,
        "updated_at": message.updated_at,
        "provider_id": message.provider_id,
        "error_code": None if failure is None else failure.code,
        "error_text": None if failure is None else failure.text,
        "provider_code": None if failure is None else failure.provider_code,
    }


def event_row(message_id: UUID, event: Event) -> Row:
    """Map one line of a history."""
    return {
        "message_id": message_id,
        "at": event.at,
        "name": event.name,
        "provider": event.provider,
        "provider_code": event.provider_code,
        "text": event.text,
        "duration_ms": event.duration_ms,
    }


def to_request(row: sa.Row[Any]) -> Request:
    """Read a request back."""
    return Request(
        id=row.id,
        channel=Channel(row.channel),
        text=row.text,
        recipients=row.recipients,
        created_at=row.created_at,
        sender=None if row.sender is None else SenderId(row.sender),
        reference=row.reference,
    )


def to_message(row: sa.Row[Any], request: Request) -> StoredMessage:
    """Read a message back, without its history."""
    failure = None
    if row.error_code is not None:
        failure = Failure(row.error_code, row.error_text or "", row.provider_code)
    message = Message(
        id=row.id,
        request_id=row.request_id,
        channel=request.channel,
        recipient=Phone(f"+{row.phone}"),
        text=request.text,
        provider=row.provider,
        status=MessageStatus(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
        sender=request.sender,
        reference=request.reference,
        provider_id=row.provider_id,
        attempts=row.attempts,
        failure=failure,
    )
    return StoredMessage(message, Encoding(row.encoding), row.segments)


def to_event(row: sa.Row[Any]) -> Event:
    """Read one line of a history back."""
    return Event(
        at=row.at,
        name=EventName(row.name),
        provider=row.provider,
        provider_code=row.provider_code,
        text=row.text,
        duration_ms=row.duration_ms,
    )
