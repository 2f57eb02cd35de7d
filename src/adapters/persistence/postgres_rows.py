"""Domain objects to the JSON PostgreSQL opens, and its rows back to domain objects."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from adapters.persistence.rows import Row, event_row, plain, plain_code, request_row
from application.ports.outbox import Claimed, Lease, NewMessage, Settlement
from domain.event import Event
from domain.idempotency import IdempotencyKey
from domain.message import Channel, Failure, Message, MessageStatus
from domain.phone import Phone
from domain.request import Request
from domain.segments import Segments, count_segments
from domain.sender_id import SenderId
from domain.terms import OnUnknown, Priority, Terms

Acceptance = tuple[Sequence[NewMessage], Request | None, IdempotencyKey | None]


def to_json(rows: object) -> str:
    """Write rows as the array that ``json_to_recordset`` opens."""
    return msgspec.json.encode(rows).decode()


def accepted(items: Sequence[Acceptance]) -> dict[str, str]:
    """Return the rows of all items, table by table.

    ``keyed`` names the request on whose key a row depends.
    """
    keys: list[Row] = []
    requests: list[Row] = []
    messages: list[Row] = []
    events: list[Row] = []
    for news, request, key in items:
        keyed = keyed_by(request, key)
        if key is not None:
            keys.append(_key_row(key, keyed))
        if request is not None:
            requests.append({"keyed": keyed, **request_row(request)})
        for new in news:
            messages.append({"keyed": keyed, **_message_row(new)})
            events += [_event_row(new.message.id, event) for event in new.events]
    tables = {"keys": keys, "requests": requests, "messages": messages, "events": events}
    return {name: to_json(rows) for name, rows in tables.items()}


def keyed_by(request: Request | None, key: IdempotencyKey | None) -> UUID | None:
    """Return the request that is written only if the key is won."""
    if key is None:
        return None
    if request is None:
        raise ValueError("a key is written with its request")
    return request.id


def settled(items: Sequence[Settlement]) -> dict[str, str]:
    """Return what the settlements change, and the lines of their histories."""
    lines = [
        {"settlement": n, **_event_row(item.message.id, event)}
        for n, item in enumerate(items)
        for event in item.events
    ]
    return {
        "rows": to_json([{"n": n, **_settled_row(item)} for n, item in enumerate(items)]),
        "events": to_json([{"line": number, **line} for number, line in enumerate(lines)]),
    }


def claimed(rows: Iterable[sa.Row[Any]], lease_s: float) -> list[Claimed]:
    """Read claimed messages back."""
    # Most of a campaign's messages say the same.
    shared: dict[UUID, tuple[Terms, Segments]] = {}
    found = []
    for row in rows:
        if row.request_id not in shared:
            shared[row.request_id] = _terms(row), count_segments(row.text)
        terms, segments = shared[row.request_id]
        lease = Lease(row.id, row.lease_token, lease_s)
        found.append(Claimed(_message(row, terms), segments, lease, row.start_in_s))
    return found


def _key_row(key: IdempotencyKey, request_id: UUID | None) -> Row:
    return {
        "account": key.account,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "request_id": request_id,
    }


def _message_row(new: NewMessage) -> Row:
    message, lease, route = new.message, new.lease, new.message.terms.route
    return {
        "request_id": message.request_id,
        "phone": message.recipient.msisdn,
        "segments": new.segments.count,
        "encoding": new.segments.encoding,
        "priority": message.terms.priority,
        "created_at": message.created_at,
        "due_at": message.due_at,
        "expires_at": message.expires_at,
        "lease_token": None if lease is None else lease.token,
        "lease_s": None if lease is None else lease.length_s,
        "diversion": ",".join(route) if len(route) > 1 else None,
        **_state(message),
    }


def _settled_row(settlement: Settlement) -> Row:
    renewed = settlement.renewed
    return {
        "token": settlement.lease.token,
        "was": settlement.was,
        "wait_s": settlement.wait_s,
        "renewed": None if renewed is None else renewed.token,
        "lease_s": None if renewed is None else renewed.length_s,
        **_state(settlement.message),
    }


def _state(message: Message) -> Row:
    failure = message.failure
    return {
        "id": message.id,
        "status": message.status,
        "provider": message.provider,
        "updated_at": message.updated_at,
        "attempts": message.attempts,
        "attempted_at": message.attempted_at,
        "lookups": message.lookups,
        "resends": message.resends,
        "provider_id": plain_code(message.provider_id),
        "error_code": None if failure is None else failure.code,
        "error_text": None if failure is None else plain(failure.text),
        "provider_code": None if failure is None else plain_code(failure.provider_code),
    }


def _event_row(message_id: UUID, event: Event) -> Row:
    row = event_row(message_id, event)
    return row | {"text": plain(event.text), "provider_code": plain_code(event.provider_code)}


def _message(row: sa.Row[Any], terms: Terms) -> Message:
    failure = None
    if row.error_code is not None:
        failure = Failure(row.error_code, row.error_text or "", row.provider_code)
    return Message(
        id=row.id,
        request_id=row.request_id,
        channel=Channel(row.channel),
        recipient=Phone(f"+{row.phone}"),
        text=row.text,
        provider=row.provider,
        status=MessageStatus(row.status),
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
        sender=None if row.sender is None else SenderId(row.sender),
        reference=row.reference,
        terms=terms,
        due_at=None if row.due_at == row.created_at else _utc(row.due_at),
        expires_at=_utc(row.expires_at),
        provider_id=row.provider_id,
        attempts=row.attempts,
        attempted_at=_utc(row.attempted_at),
        lookups=row.lookups,
        resends=row.resends,
        failure=failure,
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def _terms(row: sa.Row[Any]) -> Terms:
    return Terms(
        route=tuple(row.route.split(",")) if row.route else (),
        priority=Priority(row.priority),
        on_unknown=OnUnknown(row.on_unknown),
        force=row.force,
    )
