"""The outbox: messages on disk before they are sent, settled after.

The messages table is the queue. A message that is sent at once is accepted straight into
``sending`` by the process that sends it, which then holds the lease on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.event import Event
from domain.message import Message
from domain.request import Request
from domain.segments import Segments


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to send and settle a message.

    Attributes:
        token: new with every claim; a settlement with an old one changes nothing.
        until: after this another process may take the message over.
    """

    message_id: UUID
    token: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message on its way into the outbox, with the lease its sender already holds."""

    message: Message
    segments: Segments
    lease: Lease


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt came to: the message in its new state and the lines for its history."""

    message: Message
    lease: Lease
    events: tuple[Event, ...]


class Outbox(Protocol):
    """Where messages wait, and where what became of them is written."""

    async def open(self, request: Request) -> None:
        """Write a request that many messages will follow; durable on return."""
        ...

    async def accept(self, new: NewMessage, request: Request | None = None) -> None:
        """Write a message, and its request when it is given; both durable on return."""
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to; durable on return.

        Returns:
            False when the lease was lost meanwhile: then nothing was changed.
        """
        ...


class OutboxReader(Protocol):
    """The read side: what is known of a message and of a request."""

    async def message(self, message_id: UUID) -> "StoredMessage | None":
        """Return a message with its history, or ``None`` when there is none."""
        ...

    async def request(
        self, request_id: UUID, *, after: UUID | None, limit: int
    ) -> "tuple[Request, Sequence[StoredMessage]] | None":
        """Return a request and up to ``limit`` of its messages, in order, without histories.

        Attributes:
            after: start behind this message.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the database has it.

    Attributes:
        history: oldest first, from its acceptance on; empty where it was not asked for.
    """

    message: Message
    segments: Segments
    history: tuple[Event, ...] = ()
