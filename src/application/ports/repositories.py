"""The read side of the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.event import Event
from domain.message import Message, MessageStatus
from domain.phone import Phone
from domain.request import Request
from domain.segments import Encoding


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the database has it.

    Attributes:
        history: oldest first, from its acceptance on; empty where it was not asked for.
        account: whose it is; ``None`` where nobody had to show a key.
    """

    message: Message
    encoding: Encoding
    segments: int
    history: tuple[Event, ...] = ()
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are wanted; what is ``None`` does not matter.

    Attributes:
        provider_id: the provider's name for it, exactly; found quickly together with ``provider``.
        since: accepted at this time or later.
        until: accepted before this time.
        account: whose they are.
    """

    phone: Phone | None = None
    status: MessageStatus | None = None
    provider: str | None = None
    provider_id: str | None = None
    reference: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    account: str | None = None


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

    async def find(
        self, wanted: MessageFilter, *, before: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        """Return up to ``limit`` messages, the latest first, without histories.

        Those of one account may come by their requests, the latest request first.

        Args:
            wanted: which ones.
            before: the id of the last message of the page before.
            limit: of this page.
        """
        ...

    async def taken_ids(self, message: Message) -> frozenset[str]:
        """Return the provider's ids of other messages to the same phone through the same provider.

        Those of a day before this one's attempt and after it: a provider that is asked by phone
        and time must not hand one of them out again.
        """
        ...
