"""The blacklist, and the read side of the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.blacklist import BlacklistEntry
from domain.event import Event
from domain.message import Message
from domain.phone import Phone
from domain.request import Request
from domain.segments import Encoding


class BlacklistRepository(Protocol):
    """Who must not be written to, on disk.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def add(self, entry: BlacklistEntry) -> None:
        """Put a phone on the list; one already there keeps its date. Durable on return."""
        ...

    async def remove(self, phone: Phone) -> None:
        """Take a phone off the list, if it is there. Durable on return."""
        ...

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        """Return the entry of a phone, or ``None``."""
        ...

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those of the phones that are on the list; at most 1 000 are asked at once."""
        ...


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the database has it.

    Attributes:
        history: oldest first, from its acceptance on; empty where it was not asked for.
    """

    message: Message
    encoding: Encoding
    segments: int
    history: tuple[Event, ...] = ()


class MessageRepository(Protocol):
    """The read side: what is known of a message and of a request.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def message(self, message_id: UUID) -> StoredMessage | None:
        """Return a message with its history, or ``None`` when there is none."""
        ...

    async def request(self, request_id: UUID) -> Request | None:
        """Return a request, or ``None`` when there is none."""
        ...

    async def of_request(
        self, request: Request, *, after: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        """Return up to ``limit`` messages of a request behind ``after``, without histories."""
        ...
