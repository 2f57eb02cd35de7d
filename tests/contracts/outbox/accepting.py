"""How messages get in: whole, once, each call for itself."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from application.ports.idempotency import IdempotencyRepository
from application.ports.outbox import NewMessage, Outbox
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Failure, MessageStatus
from domain.terms import OnUnknown, Priority, Terms
from tests.contracts.outbox.fixtures import (
    HOUR,
    OutboxFixtures,
    a_queued,
    a_request,
    a_sending,
    found,
    names,
    now,
    settled,
    untimed,
)

KEY = IdempotencyKey("backend", "order 17", b"\x00" * 32)
TERMS = Terms(
    route=("smscru", "twilio", "mobizonkz"),
    priority=Priority.BULK,
    on_unknown=OnUnknown.RESEND,
    force=True,
)


class AcceptingContract(OutboxFixtures):
    async def test_an_accepted_message_is_read_back_as_it_was_written(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        assert await outbox.accept([new], request)
        stored = await found(reader, new.message.id)
        assert untimed(stored.message) == new.message
        assert (stored.encoding, stored.segments) == ("ucs-2", 1)
        assert names(stored) == ["accepted"]
        assert await reader.request(request.id) == request

    @pytest.mark.parametrize("terms", [Terms(), Terms(route=("smscru",)), TERMS])
    async def test_a_queued_message_keeps_its_terms_and_times(
        self, outbox: Outbox, reader: MessageRepository, terms: Terms
    ) -> None:
        request = a_request(terms=terms)
        new = a_queued(request, due_at=now() + HOUR, expires_at=now() + 2 * HOUR)
        assert await outbox.accept([new], request)
        assert (await found(reader, new.message.id)).message == new.message
        assert await reader.request(request.id) == request

    async def test_a_blocked_message_is_found_with_its_reason(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_queued(request)
        failure = Failure("blacklisted", "on the list")
        message = new.message.moved(MessageStatus.BLOCKED, now(), failure)
        event = Event(at=message.updated_at, name=EventName.BLOCKED, text="on the list")
        await outbox.accept([NewMessage(message, new.segments, None, (event,))], request)
        stored = await found(reader, message.id)
        assert untimed(stored.message) == message
        assert names(stored) == ["accepted", "blocked"]

    async def test_a_request_may_be_written_before_its_messages(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(2)
        assert await outbox.accept([], request)
        assert await reader.request(request.id) == request
        news = [a_queued(request, 1), a_queued(request, 2)]
        assert await outbox.accept(news)
        of_it = await reader.of_request(request, after=None, limit=10)
        assert [stored.message.id for stored in of_it] == [new.message.id for new in news]

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
            assert names(await found(reader, new.message.id)) == ["accepted"]

    async def test_a_call_with_one_bad_message_writes_nothing_at_all(
        self, outbox: Outbox, reader: MessageRepository, keys: IdempotencyRepository
    ) -> None:
        old = a_request()
        bad = a_queued(old)
        await outbox.accept([bad], old)
        request = a_request(2)
        good = a_queued(request)
        with pytest.raises(Exception):  # noqa: B017, PT011 - each database has its own error
            await outbox.accept([good, bad], request, KEY)
        assert await reader.message(good.message.id) is None
        assert await reader.request(request.id) is None
        assert await keys.find(KEY.account, KEY.key) is None

    async def test_a_key_that_was_used_before_writes_nothing(
        self, outbox: Outbox, reader: MessageRepository, keys: IdempotencyRepository
    ) -> None:
        first, second = a_request(), a_request()
        assert await outbox.accept([a_queued(first)], first, KEY)
        new = a_queued(second)
        assert not await outbox.accept([new], second, replace(KEY, fingerprint=b"\x01" * 32))
        assert await reader.message(new.message.id) is None
        assert await reader.request(second.id) is None
        record = await keys.find(KEY.account, KEY.key)
        assert record is not None
        assert (record.request_id, record.fingerprint) == (first.id, KEY.fingerprint)

    async def test_of_fifty_calls_with_one_key_exactly_one_is_written(
        self, outbox: Outbox, reader: MessageRepository, keys: IdempotencyRepository
    ) -> None:
        requests = [a_request() for _ in range(50)]
        written = await asyncio.gather(
            *(outbox.accept([a_queued(request)], request, KEY) for request in requests)
        )
        assert sum(written) == 1
        (winner,) = (request for request, won in zip(requests, written, strict=True) if won)
        record = await keys.find(KEY.account, KEY.key)
        assert record is not None
        assert record.request_id == winner.id
        kept = [await reader.request(request.id) for request in requests]
        assert [request for request in kept if request is not None] == [winner]

    async def test_a_used_key_does_not_spoil_its_neighbours(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        first = a_request()
        await outbox.accept([a_queued(first)], first, KEY)
        requests = [a_request() for _ in range(6)]
        given = [KEY if number == 3 else None for number in range(6)]
        written = await asyncio.gather(
            *(
                outbox.accept([a_queued(request)], request, key)
                for request, key in zip(requests, given, strict=True)
            )
        )
        assert written == [key is None for key in given]
        for request, key in zip(requests, given, strict=True):
            assert (await reader.request(request.id) is None) == (key is not None)

    async def test_accounts_do_not_share_keys(self, outbox: Outbox) -> None:
        first, second, third = a_request(), a_request(), a_request()
        assert await outbox.accept([], first, KEY)
        assert await outbox.accept([], second, replace(KEY, account="shop"))
        assert await outbox.accept([], third, replace(KEY, key="order 18"))

    async def test_a_request_is_read_page_by_page_in_order(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(25)
        news = [a_sending(request, number) for number in range(25)]
        await outbox.accept([], request)
        await asyncio.gather(*(outbox.accept([new]) for new in news))
        stranger = a_request()
        await outbox.accept([a_sending(stranger)], stranger)
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
        of_it = await reader.of_request(request, after=None, limit=2000)
        assert {stored.message.id for stored in of_it} == {new.message.id for new in news}
        assert {stored.message.status for stored in of_it} == {"submitted"}

    async def test_what_was_never_written_is_not_found(self, reader: MessageRepository) -> None:
        assert await reader.message(uuid4()) is None
        assert await reader.request(uuid4()) is None
