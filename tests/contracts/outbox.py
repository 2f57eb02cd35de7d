"""What every outbox must do, and the repository that reads it back."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.ports.outbox import Lease, NewMessage, Outbox, Settlement
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import Channel, Failure, Message, MessageStatus
from domain.outcome import Accepted, Rejected, RejectReason
from domain.phone import Phone
from domain.request import Request
from domain.segments import count_segments
from domain.sender_id import SenderId

NOW = datetime(2026, 11, 23, 6, 34, 43, 123456, tzinfo=UTC)
TEXT = "Тест Қазақша 😀 &<>%+ line\nbreak"


def a_request(recipients: int = 1) -> Request:
    return Request(
        id=uuid4(),
        channel=Channel.SMS,
        text=TEXT,
        recipients=recipients,
        created_at=NOW,
        sender=SenderId("ACME"),
        reference="order-17",
    )


def a_sending(request: Request, number: int = 0) -> NewMessage:
    message = Message(
        id=UUID(int=request.id.int + number + 1),
        request_id=request.id,
        channel=request.channel,
        recipient=Phone(f"+7701{number:07d}"),
        text=request.text,
        provider="smscru",
        status=MessageStatus.SENDING,
        created_at=NOW,
        updated_at=NOW,
        sender=request.sender,
        reference=request.reference,
        attempts=1,
    )
    lease = Lease(message.id, uuid4(), NOW + timedelta(minutes=1))
    return NewMessage(message, count_segments(request.text), lease)


def settled(new: NewMessage, token: UUID | None = None) -> Settlement:
    assert new.lease is not None
    at = NOW + timedelta(seconds=1)
    message = new.message.after(Accepted("SM1"), at)
    event = Event(at=at, name=EventName.SUBMITTED, provider="smscru", duration_ms=50)
    lease = new.lease if token is None else replace(new.lease, token=token)
    return Settlement(message, lease, (event,))


class OutboxContract(ABC):
    """Subclass once per outbox and provide the two fixtures."""

    @pytest.fixture
    @abstractmethod
    def outbox(self) -> Outbox:
        """An empty outbox."""

    @pytest.fixture
    @abstractmethod
    def reader(self) -> MessageRepository:
        """What reads the same messages."""

    async def test_an_accepted_message_is_read_back_as_it_was_written(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        stored = await reader.message(new.message.id)
        assert stored is not None
        assert stored.message == new.message
        assert (stored.encoding, stored.segments) == ("ucs-2", 1)
        assert [event.name for event in stored.history] == ["accepted"]
        assert await reader.request(request.id) == request

    async def test_a_settled_message_has_its_new_state_and_its_history(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        settlement = settled(new)
        assert await outbox.settle(settlement)
        stored = await reader.message(new.message.id)
        assert stored is not None
        assert stored.message == settlement.message
        assert stored.history[1:] == settlement.events

    async def test_a_refusal_keeps_the_providers_code_and_text(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        assert new.lease is not None
        await outbox.accept([new], request)
        refusal = Rejected(reason=RejectReason.RECIPIENT, provider_code="7", text="invalid number")
        await outbox.settle(Settlement(new.message.after(refusal, NOW), new.lease, ()))
        stored = await reader.message(new.message.id)
        assert stored is not None
        assert stored.message.failure == Failure("recipient_refused", "invalid number", "7")

    async def test_a_settlement_with_a_foreign_token_changes_nothing(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        assert not await outbox.settle(settled(new, token=uuid4()))
        stored = await reader.message(new.message.id)
        assert stored is not None
        assert stored.message == new.message
        assert len(stored.history) == 1

    async def test_a_foreign_token_among_many_settlements_spoils_only_its_own(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(20)
        news = [a_sending(request, number) for number in range(20)]
        await outbox.accept(news, request)
        tokens = [uuid4() if number % 5 == 3 else None for number in range(20)]
        done = await asyncio.gather(
            *(outbox.settle(settled(new, token)) for new, token in zip(news, tokens, strict=True))
        )
        assert done == [token is None for token in tokens]
        for new, kept in zip(news, done, strict=True):
            stored = await reader.message(new.message.id)
            assert stored is not None
            assert (stored.message.status == "submitted") == kept
            assert len(stored.history) == (2 if kept else 1)

    async def test_a_message_that_was_never_accepted_cannot_be_settled(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = a_sending(a_request())
        assert not await outbox.settle(settled(new))
        assert await reader.message(new.message.id) is None

    async def test_a_settlement_repeated_after_a_lost_commit_answer_is_recognised(
        self, outbox: Outbox
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        assert await outbox.settle(settled(new))
        assert await outbox.settle(settled(new))

    async def test_a_repeated_settlement_leaves_one_line_in_the_history(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        await outbox.settle(settled(new))
        await outbox.settle(settled(new))
        stored = await reader.message(new.message.id)
        assert stored is not None
        assert [event.name for event in stored.history] == ["accepted", "submitted"]

    async def test_a_message_written_twice_fails_alone(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(3)
        first, second, third = (a_sending(request, number) for number in range(3))
        await outbox.accept([first], request)
        results = await asyncio.gather(
            outbox.accept([second]),
            outbox.accept([first]),
            outbox.accept([third]),
            return_exceptions=True,
        )
        assert [isinstance(result, Exception) for result in results] == [False, True, False]
        for new in (first, second, third):
            assert await reader.message(new.message.id) is not None

    async def test_a_blocked_message_is_found_with_its_reason(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        failure = Failure("blacklisted", "on the list")
        message = replace(new.message, status=MessageStatus.BLOCKED, failure=failure, attempts=0)
        event = Event(at=NOW, name=EventName.BLOCKED, text="on the list")
        await outbox.accept([NewMessage(message, new.segments, None, (event,))], request)
        stored = await reader.message(message.id)
        assert stored is not None
        assert stored.message == message
        assert [line.name for line in stored.history] == ["accepted", "blocked"]

    async def test_a_request_is_read_page_by_page_in_order(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(25)
        news = [a_sending(request, number) for number in range(25)]
        await outbox.accept([], request)
        await asyncio.gather(*(outbox.accept([new]) for new in news))
        other = a_request()
        await outbox.accept([a_sending(other)], other)
        pages: list[UUID] = []
        after: UUID | None = None
        while page := await reader.of_request(request, after=after, limit=10):
            assert len(page) <= 10
            pages += [stored.message.id for stored in page]
            after = page[-1].message.id
        assert pages == [new.message.id for new in news]

    async def test_a_thousand_concurrent_writers_lose_nothing(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(1000)
        news = [a_sending(request, number) for number in range(1000)]
        await outbox.accept([], request)

        async def one(new: NewMessage) -> bool:
            await outbox.accept([new])
            return await outbox.settle(settled(new))

        assert all(await asyncio.gather(*map(one, news)))
        found = await reader.of_request(request, after=None, limit=2000)
        assert {stored.message.id for stored in found} == {new.message.id for new in news}
        assert {stored.message.status for stored in found} == {"submitted"}

    async def test_what_was_never_written_is_not_found(self, reader: MessageRepository) -> None:
        assert await reader.message(uuid4()) is None
        assert await reader.request(uuid4()) is None
