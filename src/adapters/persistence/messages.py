"""The read side of the outbox."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.rows import to_event, to_message, to_request
from adapters.persistence.tables import events, messages, requests
from adapters.persistence.transactions import AWAY, away
from application.ports.repositories import StoredMessage
from domain.event import Event, EventName
from domain.request import Request


class SqlMessageRepository:
    """What is known of messages and requests; see ``MessageRepository``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def message(self, message_id: UUID) -> StoredMessage | None:
        """Return a message with its history; see ``MessageRepository.message``."""
        found = await self._rows(sa.select(messages).where(messages.c.id == message_id))
        if not found:
            return None
        request = await self.request(found[0].request_id)
        if request is None:
            return None
        lines = await self._rows(
            sa.select(events).where(events.c.message_id == message_id).order_by(events.c.id)
        )
        stored = to_message(found[0], request)
        accepted = Event(at=stored.message.created_at, name=EventName.ACCEPTED)
        return replace(stored, history=(accepted, *map(to_event, lines)))

    async def request(self, request_id: UUID) -> Request | None:
        """Return a request; see ``MessageRepository.request``."""
        found = await self._rows(sa.select(requests).where(requests.c.id == request_id))
        return to_request(found[0]) if found else None

    async def of_request(
        self, request: Request, *, after: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        """Return some of a request's messages; see ``MessageRepository.of_request``."""
        query = sa.select(messages).where(messages.c.request_id == request.id)
        if after is not None:
            query = query.where(messages.c.id > after)
        found = await self._rows(query.order_by(messages.c.id).limit(limit))
        return [to_message(row, request) for row in found]

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        try:
            async with self._engine.connect() as connection:
                found: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
        except AWAY as error:
            raise away(error) from None
        return found
