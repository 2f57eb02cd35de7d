"""What is removed of requests and messages, and when that may be."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.retention import EMPTY, among
from adapters.persistence.tables import events, messages, requests
from adapters.persistence.tables import idempotency_keys as keys
from application.ports.retention import Cutoff
from domain.event import EventName as Name
from domain.message import MessageStatus as Status

_FINAL = (
    Status.DELIVERED,
    Status.UNDELIVERABLE,
    Status.EXPIRED,
    Status.REJECTED,
    Status.FAILED,
    Status.CANCELED,
    Status.BLOCKED,
)
_THEIR_WORDS = (
    Name.SUBMITTED,
    Name.DELIVERED,
    Name.REJECTED,
    Name.FAILED,
    Name.UNKNOWN,
    Name.UNDELIVERABLE,
    Name.EXPIRED,
    Name.DEFERRED,
    Name.LOOKED_UP,
)
"""Lines that may hold a provider's sentence, which may quote the text."""


@dataclass(frozen=True, slots=True)
class What:
    """What is removed.

    Attributes:
        which: requests that still have it.
        remove: removes it of messages and of requests, and counts.
    """

    which: sa.ColumnElement[bool]
    remove: Callable[[sa.Connection, Sequence[UUID], Sequence[UUID]], int]


def at_rest(cutoff: Cutoff, *, announced: bool) -> sa.ColumnElement[bool]:
    """Choose messages nothing can be sent or told of any more.

    Where nobody is ``announced`` anything, lines that were to be told wait in vain.
    """
    status, changed = messages.c.status, messages.c.updated_at
    asked_no_more = (status == Status.SUBMITTED) | (
        (status == Status.UNKNOWN) & messages.c.lookup_at.is_(None)
    )
    ended = sa.or_(
        status.in_(_FINAL) & (changed < cutoff.before),
        asked_no_more & (changed < cutoff.unheard_before),
    )
    if not announced:
        return ended
    untold = sa.exists().where(events.c.message_id == messages.c.id, events.c.untold.is_(True))
    return ended & ~untold


def locked(
    connection: sa.Connection, ids: Collection[UUID], ready: sa.ColumnElement[bool]
) -> set[UUID]:
    """Lock messages that are still as they were found."""
    query = sa.select(messages.c.id).where(among(connection, messages.c.id, ids), ready)
    return set(connection.execute(query.with_for_update(skip_locked=True)).scalars())


def _empty(connection: sa.Connection, ids: Sequence[UUID], ended: Sequence[UUID]) -> int:
    """Remove texts, and the sentences that may quote them."""
    lines = sa.update(events).where(
        among(connection, events.c.message_id, ids),
        events.c.name.in_(_THEIR_WORDS),
        events.c.text != EMPTY,
    )
    connection.execute(lines.values(text=""))
    errors = sa.update(messages).where(
        among(connection, messages.c.id, ids), messages.c.error_text != EMPTY
    )
    connection.execute(errors.values(error_text=""))
    connection.execute(
        sa.update(requests).where(among(connection, requests.c.id, ended)).values(text="")
    )
    return len(ended)


def _delete(connection: sa.Connection, ids: Sequence[UUID], ended: Sequence[UUID]) -> int:
    """Remove messages with their histories, and requests with their keys."""
    connection.execute(sa.delete(events).where(among(connection, events.c.message_id, ids)))
    connection.execute(sa.delete(messages).where(among(connection, messages.c.id, ids)))
    another = sa.exists().where(messages.c.request_id == requests.c.id)
    empty = (
        sa.delete(requests)
        .where(among(connection, requests.c.id, ended), ~another)
        .returning(requests.c.id)
    )
    gone = connection.execute(empty).scalars().all()
    connection.execute(sa.delete(keys).where(among(connection, keys.c.request_id, gone)))
    return len(ids)


TEXTS = What(requests.c.text != EMPTY, _empty)
EVERYTHING = What(sa.true(), _delete)
