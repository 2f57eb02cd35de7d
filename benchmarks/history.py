"""Messages of long ago, as rows."""

import os
from collections.abc import Mapping, Sequence
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
_Id = UUID | sa.ColumnElement[UUID]
_DELIVERED = MessageStatus.DELIVERED
_STRIDE = 982_451_653
"""A prime: numbers that follow each other become phones that do not."""


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


def write_many(connection: sa.Connection, numbers: range, at: datetime) -> None:
    """Write delivered messages of these numbers, of a request each, in the order of their ids.

    The database makes the rows itself: a million takes it less than a minute. Phones are in no
    order, as they are in practice.
    """
    last = sa.literal(numbers[-1])
    first = sa.select(sa.literal(numbers[0]).label("i")).cte("series", recursive=True)
    series = first.union_all(sa.select(first.c.i + 1).where(first.c.i < last))
    i = sa.cast(series.c.i, sa.BigInteger)
    fill = {
        requests: _request(_numbered(at, "8", i), Past(at=at)),
        messages: {
            **_message(_numbered(at, "9", i), _numbered(at, "8", i), Past(at=at), _DELIVERED, 0),
            "phone": sa.cast(77_000_000_000 + i * _STRIDE % 1_000_000_000, sa.String),
            "provider_id": sa.cast(i, sa.String),
        },
    }
    for table, row in fill.items():
        _insert_from(connection, table, row, series)
    for line in _lines(_numbered(at, "9", i), Past(at=at), _DELIVERED):
        _insert_from(connection, events, line, series)


def _insert_from(
    connection: sa.Connection, table: sa.Table, row: Mapping[str, Any], series: sa.CTE
) -> None:
    values = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, table.c[name].type)
        for name, value in row.items()
    ]
    connection.execute(sa.insert(table).from_select([*row], sa.select(*values).select_from(series)))


def _numbered(at: datetime, kind: str, i: sa.ColumnElement[int]) -> sa.ColumnElement[UUID]:
    """Name a UUIDv7 of a time; decimal digits are hexadecimal ones, too."""
    digits = sa.func.substr(sa.cast(10**15 + i, sa.String), 2)
    return sa.cast(sa.literal(f"{named(at).hex[:12]}7000{kind}") + digits, sa.Uuid)


def _request(id_: _Id, past: Past) -> dict[str, Any]:
    return {
        "id": id_,
        "channel": "sms",
        "text": TEXT,
        "recipients": len(past.statuses) if past.recipients is None else past.recipients,
        "created_at": past.at,
        "route": "dummy",
    }


def _message(
    id_: _Id, request: _Id, past: Past, status: MessageStatus, place: int
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


def _lines(id_: _Id, past: Past, status: MessageStatus) -> _Rows:
    at = past.at + timedelta(seconds=1)
    ended = [name for name in EventName if str(name) == str(status)]
    names = dict.fromkeys([EventName.SUBMITTED, *ended])
    return [{"message_id": id_, "at": at, "name": name, "text": SAID} for name in names]
