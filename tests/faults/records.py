"""What is on disk, read past the gateway."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.tables import events, idempotency_keys, messages, provider_states
from adapters.persistence.tables import requests as requests_table

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_OPEN = messages.c.status.in_(("queued", "sending")) | (
    (messages.c.status == "unknown") & messages.c.lookup_at.is_not(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message as it is on disk.

    Attributes:
        asked: the provider is still to be asked what became of it.
        doubted: there was a time when nobody knew.
    """

    id: UUID
    phone: str
    status: str
    attempts: int
    resends: int
    asked: bool
    doubted: bool

    @property
    def open(self) -> bool:
        """Tell whether something is still to happen to it by itself."""
        return self.status in {"queued", "sending"} or self.in_doubt

    @property
    def in_doubt(self) -> bool:
        """Tell whether its outcome is not known yet, and the provider is still to be asked."""
        return self.status == "unknown" and self.asked

    @property
    def held(self) -> bool:
        """Tell whether its outcome stays unknown until somebody decides."""
        return self.status == "unknown" and not self.asked


class Records:
    """A database of a gateway's."""

    def __init__(self, target: DatabaseTarget) -> None:
        url = target.url.set(drivername=_DRIVERS[target.url.get_backend_name()])
        self._engine = sa.create_engine(url, poolclass=NullPool)

    def messages(self) -> list[Kept]:
        """Return every message."""
        doubted = sa.select(events.c.message_id).where(events.c.name == "unknown").distinct()
        c = messages.c
        query = sa.select(c.id, c.phone, c.status, c.attempts, c.resends, c.lookup_at)
        with self._engine.connect() as connection:
            doubts = set(connection.scalars(doubted))
            return [
                Kept(
                    id=row.id,
                    phone=row.phone,
                    status=row.status,
                    attempts=row.attempts,
                    resends=row.resends,
                    asked=row.lookup_at is not None,
                    doubted=row.id in doubts,
                )
                for row in connection.execute(query)
            ]

    def statuses(self) -> dict[str, str]:
        """Return the state of every message by phone; each phone has one."""
        found = self.messages()
        assert len(found) == len({kept.phone for kept in found})
        return {kept.phone: kept.status for kept in found}

    def count(self, *statuses: str) -> int:
        """Count the messages in these states."""
        return self._count(messages.c.status.in_(statuses))

    def open(self) -> int:
        """Count the messages to which something is still to happen by itself."""
        return self._count(_OPEN)

    async def wait_until_closed(self, timeout_s: float) -> bool:
        """Wait until nothing is to happen any more; tell whether it came to that."""
        deadline = time.monotonic() + timeout_s
        while await asyncio.to_thread(self.open):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.25)
        return True

    def events(self, message_id: UUID | str) -> list[str]:
        """Return the names of what happened to a message, oldest first."""
        wanted = UUID(str(message_id))
        query = sa.select(events.c.name).where(events.c.message_id == wanted).order_by(events.c.id)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def retry_in(self, provider: str, wait: timedelta) -> None:
        """Choose when an open circuit is probed."""
        state = provider_states
        change = sa.update(state).where(state.c.provider == provider, state.c.retry_at.is_not(None))
        with self._engine.begin() as connection:
            connection.execute(change.values(retry_at=datetime.now(UTC) + wait))

    def circuit_open(self, provider: str) -> bool:
        """Tell whether a provider's circuit is remembered as open."""
        state = provider_states.c
        query = sa.select(state.retry_at).where(state.provider == provider)
        with self._engine.connect() as connection:
            return connection.scalar(query) is not None

    def empty(self) -> None:
        """Take everything out that an earlier test has left."""
        with self._engine.begin() as connection:
            there = sa.inspect(connection)
            for table in (events, messages, requests_table, idempotency_keys, provider_states):
                if there.has_table(table.name):
                    connection.execute(sa.delete(table))

    def _count(self, condition: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(messages).where(condition)
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0
