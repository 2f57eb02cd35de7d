"""Domain objects to rows and back: the whole mapping of the outbox tables."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from application.ports.outbox import NewMessage, Settlement
from application.ports.repositories import StoredMessage
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Channel, Failure, Message, MessageStatus
from domain.phone import Phone
from domain.request import Request
from domain.segments import Encoding
from domain.sender_id import SenderId
from domain.terms import OnUnknown, Priority, Terms

Row = dict[str, Any]
_ASKED_ABOUT = frozenset({MessageStatus.UNKNOWN, MessageStatus.SUBMITTED})
_CODE_LENGTH = 64
ORPHANED_AFTER = timedelta(minutes=1)
"""A key nobody says anything of for so long has lost the process that served it."""


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
        "route": ",".join(request.terms.route),
        "priority": request.terms.priority,
        "on_unknown": request.terms.on_unknown,
        "force": request.terms.force,
        "background": request.background,
        "callback_url": request.callback_url,
        "account": request.account,
    }


def message_row(new: NewMessage, owner: UUID, now: datetime) -> Row:
    """Map a message on its way in; its text, sender and reference are its request's."""
    message, lease, route = new.message, new.lease, new.message.terms.route
    return {
        "id": message.id,
        "request_id": message.request_id,
        "phone": message.recipient.msisdn,
        "segments": new.segments.count,
        "encoding": new.segments.encoding,
        "priority": message.terms.priority,
        "created_at": message.created_at,
        "due_at": message.due_at or message.created_at,
        "expires_at": message.expires_at,
        "lease_token": None if lease is None else lease.token,
        "lease_owner": None if lease is None else owner,
        "lease_until": None if lease is None else now + timedelta(seconds=lease.length_s),
        "diversion": ",".join(route) if len(route) > 1 else None,
        **_state(message),
    }


def settled_row(settlement: Settlement, owner: UUID, now: datetime) -> Row:
    """Map what a settlement changes, and the lease it must still hold.

    ``due_at`` is ``None`` where it stays.
    """
    message, renewed, wait_s = settlement.message, settlement.renewed, settlement.wait_s
    queued, asked = message.status is MessageStatus.QUEUED, message.status in _ASKED_ABOUT
    then = None if wait_s is None else now + timedelta(seconds=wait_s)
    return {
        "of_id": message.id,
        "of_token": settlement.lease.token,
        "of_status": settlement.was,
        "token": settlement.lease.token if renewed is None else renewed.token,
        "lease_owner": None if renewed is None else owner,
        "lease_until": None if renewed is None else now + timedelta(seconds=renewed.length_s),
        "due": (then or now) if queued else None,
        "lookup_at": then if asked else None,
        **_state(message),
    }


def _state(message: Message) -> Row:
    failure = message.failure
    return {
        "provider": message.provider,
        "status": message.status,
        "attempts": message.attempts,
        "attempted_at": message.attempted_at,
        "lookups": message.lookups,
        "resends": message.resends,
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


def key_row(key: IdempotencyKey, request_id: UUID | None, owner: UUID | None, now: datetime) -> Row:
    """Map an idempotency key whose first call begins now."""
    return {
        "account": key.account,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "request_id": request_id,
        "created_at": now,
        "running_until": now + ORPHANED_AFTER,
        "running_owner": owner,
    }


def to_request(row: Any) -> Request:  # noqa: ANN401 - of either database's driver
    """Read a request back."""
    return Request(
        id=row.id,
        channel=Channel(row.channel),
        text=row.text,
        recipients=row.recipients,
        created_at=row.created_at,
        sender=None if row.sender is None else SenderId(row.sender),
        reference=row.reference,
        terms=Terms(
            route=tuple(row.route.split(",")) if row.route else (),
            priority=Priority(row.priority),
            on_unknown=OnUnknown(row.on_unknown),
            force=bool(row.force),
        ),
        background=bool(row.background),
        callback_url=row.callback_url,
        account=row.account,
    )


def to_message(row: Any, request: Request) -> StoredMessage:  # noqa: ANN401 - as above
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
        terms=request.terms,
        due_at=None if row.due_at == row.created_at else row.due_at,
        expires_at=row.expires_at,
        provider_id=row.provider_id,
        attempts=row.attempts,
        attempted_at=row.attempted_at,
        lookups=row.lookups,
        resends=row.resends,
        failure=failure,
    )
    encoding = Encoding(row.encoding)
    return StoredMessage(message, encoding, row.segments, account=request.account)


def to_event(row: Any) -> Event:  # noqa: ANN401 - as above
    """Read one line of a history back."""
    return Event(
        at=row.at,
        name=EventName(row.name),
        provider=row.provider,
        provider_code=row.provider_code,
        text=row.text,
        duration_ms=row.duration_ms,
    )


def plain(text: str) -> str:
    """Leave out what no column takes: a provider's odd word must not undo what it says."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def plain_code(code: str | None) -> str | None:
    """Return a provider's code as its column takes it."""
    return None if code is None else plain(code)[:_CODE_LENGTH]
