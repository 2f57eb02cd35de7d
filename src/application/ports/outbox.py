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
    """A message on its way into the outbox.

    Attributes:
        lease: held by the process that sends it now; ``None`` for one that is not sent.
        events: what happened to it already, its acceptance apart.
    """

    message: Message
    segments: Segments
    lease: Lease | None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt came to: the message in its new state and the lines for its history."""

    message: Message
    lease: Lease
    events: tuple[Event, ...]


class Outbox(Protocol):
    """Where messages wait, and where what became of them is written.

    Every method raises ``StorageUnavailableError`` when the database cannot be written.
    """

    async def accept(self, messages: Sequence[NewMessage], request: Request | None = None) -> None:
        """Write messages, and their request with the first of them; all durable on return.

        Args:
            messages: at most 1 000 at once; none where only the request is to be written.
            request: given once, with or before the first messages.
        """
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to; durable on return, and safe to repeat.

        Returns:
            False when the lease was lost meanwhile: then nothing was changed.
        """
        ...
