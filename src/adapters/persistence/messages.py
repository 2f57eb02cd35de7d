"""The read side of the outbox."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.names import first_name
from adapters.persistence.reads import read
from adapters.persistence.rows import to_event, to_message, to_request
from adapters.persistence.tables import ASTRAY, events, is_astray, messages, requests
from application.ports.repositories import MessageFilter, StoredMessage
from domain.event import Event, EventName
from domain.message import Message, MessageStatus
from domain.request import Request

_DAY = timedelta(days=1)
_LATEST = 10_000
_FIRST = sa.literal(UUID(int=0), sa.Uuid)
_WAITING = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
_DAY_MS = 86_400_000
"""As clocks are set, and requests are large."""


class SqlMessageRepository:
    """What is known of messages and requests; see ``MessageRepository``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def message(self, message_id: UUID) -> StoredMessage | None:
        """Return a message with its history; see ``MessageRepository.message``."""
        found = await self._stored(sa.select(messages).where(messages.c.id == message_id))
        if not found:
            return None
        lines = await read(
            self._engine,
            sa.select(events).where(events.c.message_id == message_id).order_by(events.c.id),
        )
        accepted = Event(at=found[0].message.created_at, name=EventName.ACCEPTED)
        return replace(found[0], history=(accepted, *map(to_event, lines)))

    async def request(self, request_id: UUID) -> Request | None:
        """Return a request; see ``MessageRepository.request``."""
        return (await self._requests({request_id})).get(request_id)

    async def of_request(
        self, request: Request, *, after: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        """Return some of a request's messages; see ``MessageRepository.of_request``."""
        query = sa.select(messages).where(messages.c.request_id == request.id)
        if after is not None:
            query = query.where(messages.c.id > after)
        found = await read(self._engine, query.order_by(messages.c.id).limit(limit))
        return [to_message(row, request) for row in found]

    async def find(
        self, wanted: MessageFilter, *, before: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        """Return some messages, the latest first; see ``MessageRepository.find``."""
        query = sa.select(messages).where(*_conditions(wanted))
        if wanted.account is not None and wanted.phone is None:
            query = _by_request(query, wanted.account, before)
        elif before is not None:
            query = query.where(messages.c.id < before)
        if wanted.status in _WAITING and wanted.account is None:
            return await self._waiting(query, limit)
        return await self._stored(query.order_by(messages.c.id.desc()).limit(limit))

    async def _waiting(self, query: sa.Select[Any], limit: int) -> Sequence[StoredMessage]:
        """Return some messages that wait; they may be few among many, or many of them all.

        Among the latest of all messages first. Where those do not fill the page, by the index that
        holds nothing else, though not in this order: by then most messages do not wait.
        """
        latest = sa.select(messages.c.id).order_by(messages.c.id.desc()).offset(_LATEST).limit(1)
        newer = messages.c.id > sa.func.coalesce(latest.scalar_subquery(), _FIRST)
        found = await self._stored(query.where(newer).order_by(messages.c.id.desc()).limit(limit))
        if len(found) == limit:
            return found
        unordered = sa.func.coalesce(messages.c.id, messages.c.request_id)
        return await self._stored(query.order_by(unordered.desc()).limit(limit))

    async def taken_ids(self, message: Message) -> frozenset[str]:
        """Return ids that are other messages'; see ``MessageRepository.taken_ids``."""
        since = (message.attempted_at or message.created_at) - _DAY
        query = sa.select(messages.c.provider_id).where(
            messages.c.phone == message.recipient.msisdn,
            messages.c.provider == message.provider,
            messages.c.id != message.id,
            messages.c.provider_id.is_not(None),
            messages.c.attempted_at >= since,
        )
        return frozenset(row.provider_id for row in await read(self._engine, query))

    async def _stored(self, query: sa.Select[Any]) -> list[StoredMessage]:
        found = await read(self._engine, query)
        known = await self._requests({row.request_id for row in found})
        return [to_message(row, known[row.request_id]) for row in found if row.request_id in known]

    async def _requests(self, ids: set[UUID]) -> dict[UUID, Request]:
        if not ids:
            return {}
        found = await read(self._engine, sa.select(requests).where(requests.c.id.in_(ids)))
        return {row.id: to_request(row) for row in found}


def _by_request(query: sa.Select[Any], account: str, before: UUID | None) -> sa.Select[Any]:
    """Walk along the requests of an account, however few of all messages are its own."""
    query = query.join(requests, requests.c.id == messages.c.request_id)
    query = query.where(requests.c.account == account)
    if before is not None:
        its = sa.select(messages.c.request_id).where(messages.c.id == before).scalar_subquery()
        # A message is younger than its request: also where it is not kept any more.
        request_id = sa.func.coalesce(its, sa.literal(before, sa.Uuid))
        earlier = sa.and_(requests.c.id == request_id, messages.c.id < before)
        query = query.where(
            requests.c.id <= request_id, sa.or_(requests.c.id < request_id, earlier)
        )
    return query.order_by(requests.c.id.desc())


def _conditions(wanted: MessageFilter) -> list[sa.ColumnElement[bool]]:
    """Say what is wanted; a time is told of the ids, too, so that their index is used."""
    found = [*_plain_conditions(wanted)]
    if wanted.reference is not None:
        of_it = sa.select(requests.c.id).where(requests.c.reference == wanted.reference)
        found.append(messages.c.request_id.in_(of_it))
    if wanted.account is not None and wanted.phone is not None:
        its = sa.select(requests.c.id).where(
            requests.c.id == messages.c.request_id, requests.c.account == wanted.account
        )
        found.append(its.exists())
    if wanted.since is not None:
        found += [
            messages.c.created_at >= wanted.since,
            messages.c.id >= first_name(wanted.since, -_DAY_MS),
        ]
    if wanted.until is not None:
        found += [
            messages.c.created_at < wanted.until,
            messages.c.id < first_name(wanted.until, _DAY_MS),
        ]
    return found


def _plain_conditions(wanted: MessageFilter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.phone is not None:
        yield messages.c.phone == wanted.phone.msisdn
    if wanted.status is not None:
        # Written out: only then does SQLite know that a partial index will do.
        yield messages.c.status == sa.literal_column(f"'{wanted.status}'")
        if wanted.status in ASTRAY:
            yield is_astray
    if wanted.provider is not None:
        yield messages.c.provider == wanted.provider
    if wanted.provider_id is not None:
        yield messages.c.provider_id == wanted.provider_id
