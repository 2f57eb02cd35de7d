"""What subscribers wrote to us, on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports.outbox import NewMessage
from domain.inbound import InboundMessage, Keyword
from domain.phone import Phone
from domain.request import Request


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The one message that tells a subscriber that nothing more will come."""

    request: Request
    message: NewMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """A subscriber's message, and what comes of it.

    Attributes:
        inbound: its keyword is what it asks for, whoever found that out.
        phone: whose wish that is; ``None`` where the sender is no number, and nothing comes of it.
        confirmation: queued where the phone was not on the blacklist before.
    """

    inbound: InboundMessage
    phone: Phone | None = None
    confirmation: Confirmation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFilter:
    """Which messages are wanted; what is ``None`` does not matter.

    Attributes:
        phone: digits, or the name of a sender that is no number.
        since: received at this time or later.
        until: received before this time.
    """

    phone: str | None = None
    provider: str | None = None
    keyword: Keyword | None = None
    since: datetime | None = None
    until: datetime | None = None


class InboundLog(Protocol):
    """What subscribers wrote.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def write(self, reception: Reception) -> bool:
        """Write a message and all that comes of it at once; durable on return.

        STOP puts the phone on the blacklist; START takes it off where STOP or a provider put it
        there, and lifts the provider's opt-outs. Whoever is told of events is told of it.

        Returns:
            False when the provider's name for it was there already: then nothing was changed.
        """
        ...

    async def find(
        self, wanted: InboundFilter, *, before: UUID | None, limit: int
    ) -> Sequence[InboundMessage]:
        """Return up to ``limit`` messages, the latest first.

        Args:
            wanted: which ones.
            before: the id of the last message of the page before.
            limit: of this page.
        """
        ...
