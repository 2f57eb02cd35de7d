"""What an outbox's contract needs, and the messages it sends."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from adapters.ids import TimeOrderedIds
from application.ports.idempotency import IdempotencyRepository
from application.ports.outbox import (
    Claimed,
    ClaimRequest,
    Lease,
    NewMessage,
    Outbox,
    Settlement,
)
from application.ports.provider_states import ProviderStates
from application.ports.repositories import MessageRepository, StoredMessage
from domain.event import Event, EventName
from domain.message import Channel, Message, MessageStatus
from domain.outcome import Accepted, SubmitOutcome, Unconfirmed
from domain.phone import Phone
from domain.request import Request
from domain.segments import count_segments
from domain.sender_id import SenderId
from domain.terms import Terms

HOUR = timedelta(hours=1)
TEXT = "Тест Қазақша 😀 &<>%+ line\nbreak"
PROVIDER = "smscru"
SHORT_S = 0.05
"""Leases of this length are those of processes that are soon gone."""
NO_ANSWER = Unconfirmed("no answer within 30 s")
_ids = TimeOrderedIds()


class OutboxFixtures(ABC):
    """All five are of one empty database, at the machine's own time."""

    @pytest.fixture
    @abstractmethod
    def outbox(self) -> Outbox:
        """The outbox of this process."""

    @pytest.fixture
    @abstractmethod
    def other(self) -> Outbox:
        """The outbox of another process on the same data.

        What it holds under leases of ``SHORT_S`` is in doubt for ``outbox`` after twice that time:
        on SQLite because it has another owner, on PostgreSQL because the leases have run out.
        """

    @pytest.fixture
    @abstractmethod
    def reader(self) -> MessageRepository:
        """What reads the same messages."""

    @pytest.fixture
    @abstractmethod
    def states(self) -> ProviderStates:
        """The providers' states the same outboxes go by."""

    @pytest.fixture
    @abstractmethod
    def keys(self) -> IdempotencyRepository:
        """The idempotency keys the same outboxes write."""


def now() -> datetime:
    return datetime.now(UTC)


def a_request(recipients: int = 1, *, text: str = TEXT, terms: Terms | None = None) -> Request:
    return Request(
        id=_ids.new(),
        channel=Channel.SMS,
        text=text,
        recipients=recipients,
        created_at=now() - HOUR,
        sender=SenderId("ACME"),
        reference="order-17",
        terms=Terms(route=(PROVIDER,)) if terms is None else terms,
        background=True,
    )


def a_message(request: Request, number: int, status: MessageStatus) -> Message:
    return Message(
        id=_ids.new(),
        request_id=request.id,
        channel=request.channel,
        recipient=Phone(f"+7701{number:07d}"),
        text=request.text,
        provider=PROVIDER,
        status=status,
        created_at=request.created_at,
        updated_at=request.created_at,
        sender=request.sender,
        reference=request.reference,
        terms=request.terms,
    )


def a_sending(request: Request, number: int = 0, *, length_s: float = 60.0) -> NewMessage:
    message = a_message(request, number, MessageStatus.QUEUED).started(request.created_at)
    lease = Lease(message.id, uuid4(), length_s)
    return NewMessage(message, count_segments(request.text), lease)


def a_queued(
    request: Request,
    number: int = 0,
    *,
    provider: str = PROVIDER,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> NewMessage:
    """Make a message that has been due for an hour, or is due when it is told to be."""
    message = replace(
        a_message(request, number, MessageStatus.QUEUED),
        provider=provider,
        due_at=due_at,
        expires_at=expires_at,
    )
    return NewMessage(message, count_segments(request.text), None)


def wanted(provider: str = PROVIDER, *, limit: int = 10, lease_s: float = 60.0) -> ClaimRequest:
    return ClaimRequest(provider=provider, limit=limit, lease_s=lease_s)


def settled(
    what: NewMessage | Claimed, outcome: SubmitOutcome | None = None, *, token: UUID | None = None
) -> Settlement:
    """Settle an attempt; the provider took the message unless it is told otherwise."""
    assert what.lease is not None
    message = what.message.after(outcome or Accepted("SM1"), now())
    event = Event(
        at=message.updated_at,
        name=EventName(message.status),
        provider=message.provider,
        provider_code="7",
        text="as it was said",
        duration_ms=50,
    )
    lease = what.lease if token is None else replace(what.lease, token=token)
    return Settlement(message, lease, (event,))


def untimed(message: Message) -> Message:
    """Leave out what an outbox keeps in its own way: when a message is next due."""
    return replace(message, due_at=None)


def names(stored: StoredMessage) -> list[str]:
    return [event.name for event in stored.history]


async def found(reader: MessageRepository, message_id: UUID) -> StoredMessage:
    stored = await reader.message(message_id)
    assert stored is not None
    return stored


async def queue_one(outbox: Outbox, terms: Terms | None = None) -> NewMessage:
    """Have one message queued and due."""
    request = a_request(terms=terms)
    new = a_queued(request)
    await outbox.accept([new], request)
    return new


async def claim_one(outbox: Outbox, provider: str = PROVIDER, *, lease_s: float = 60.0) -> Claimed:
    """Claim the one message that is due."""
    claim = await outbox.claim(wanted(provider, lease_s=lease_s))
    (claimed,) = claim.claimed
    return claimed


async def queue_many(
    outbox: Outbox, count: int, *, text: str = TEXT, terms: Terms | None = None
) -> list[NewMessage]:
    """Have messages of one request queued and due."""
    request = a_request(count, text=text, terms=terms)
    news = [a_queued(request, number) for number in range(count)]
    await outbox.accept(news, request)
    return news


async def doubt_one(outbox: Outbox, wait_s: float | None = 0.0) -> Settlement:
    """Have one message in doubt, to be looked up after a wait."""
    request = a_request()
    new = a_sending(request)
    await outbox.accept([new], request)
    settlement = replace(settled(new, NO_ANSWER), wait_s=wait_s)
    assert await outbox.settle(settlement)
    return settlement


async def let_leases_run_out() -> None:
    """Wait until leases of ``SHORT_S`` are over."""
    await asyncio.sleep(2 * SHORT_S)


async def leave_one(outbox: Outbox, other: Outbox) -> Claimed:
    """Have the other process be gone, and the one message it was sending swept up; that message."""
    await queue_one(outbox)
    claimed = await claim_one(other, lease_s=SHORT_S)
    await let_leases_run_out()
    await outbox.sweep()
    return claimed
