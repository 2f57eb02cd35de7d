"""Messages of long ago, as rows."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.retention import named
from adapters.persistence.tables import events, messages, requests
from benchmarks.phones import number
from domain.event import EventName
from domain.message import MessageStatus

TEXT = "Code 4821"
SAID = "Message 'Code 4821' was taken"
"""A provider's sentence that quotes the text."""
_Rows = list[dict[str, Any]]


def id_of(at: datetime) -> UUID:
    """Make a UUIDv7 of a time."""
    return UUID(int=named(at).int | 0x7 << 76 | 0b10 << 62 | int.from_bytes(os.urandom(7)))


@dataclass(frozen=True, slots=True)
class Written:
    """The ids of one request and its messages."""

    request: UUID
    messages: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One request, and what became of its messages.

    Attributes:
        at: when it was made.
        changed_at: when its messages changed last; ``None`` is the same.
        statuses: of its messages.
        recipients: how many phones it named; ``None`` is one for each message.
        more: columns of the messages that are otherwise.
    """

    at: datetime
    changed_at: datetime | None = None
    statuses: Sequence[MessageStatus] = (MessageStatus.DELIVERED,)
    recipients: int | None = None
    more: dict[str, Any] | None = None


def write(connection: sa.Connection, past: Sequence[Past]) -> list[Written]:
    """Write requests with their messages and two lines for each of them."""
    written: list[Written] = []
    of_requests: _Rows = []
    of_messages: _Rows = []
    lines: _Rows = []
    for one in past:
        ids = tuple(id_of(one.at) for _ in one.statuses)
        written.append(Written(id_of(one.at), ids))
        of_requests.append(_request(written[-1].request, one))
        for place, (id_, status) in enumerate(zip(ids, one.statuses, strict=True)):
            of_messages.append(_message(id_, written[-1].request, one, status, place))
            lines += _lines(id_, one, status)
    for table, rows in ((requests, of_requests), (messages, of_messages), (events, lines)):
        if rows:
            connection.execute(sa.insert(table), rows)
    return written


def _request(id_: UUID, past: Past) -> dict[str, Any]:
    return {
        "id": id_,
        "channel": "sms",
        "text": TEXT,
        "recipients": len(past.statuses) if past.recipients is None else past.recipients,
        "created_at": past.at,
        "route": "dummy",
    }


def _message(
    id_: UUID, request: UUID, past: Past, status: MessageStatus, place: int
) -> dict[str, Any]:
    failed = status in {MessageStatus.FAILED, MessageStatus.REJECTED}
    return {
        "id": id_,
        "request_id": request,
        "phone": number(place),
        "provider": "dummy",
        "status": status,
        "segments": 1,
        "encoding": "gsm-7",
        "attempts": 1,
        "created_at": past.at,
        "updated_at": past.changed_at or past.at,
        "due_at": past.at,
        "error_code": "refused" if failed else None,
        "error_text": SAID if failed else None,
        **(past.more or {}),
    }


def _lines(id_: UUID, past: Past, status: MessageStatus) -> _Rows:
    at = past.at + timedelta(seconds=1)
    ended = [name for name in EventName if str(name) == str(status)]
    names = dict.fromkeys([EventName.SUBMITTED, *ended])
    return [{"message_id": id_, "at": at, "name": name, "text": SAID} for name in names]
