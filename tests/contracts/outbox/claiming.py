"""How messages get out: once each, in their order, when they are due."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.ports.outbox import Outbox
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import MessageStatus
from domain.segments import count_segments
from domain.terms import OnUnknown, Priority, Terms
from tests.contracts.outbox.fixtures import (
    HOUR,
    OutboxFixtures,
    a_queued,
    a_request,
    a_sending,
    claim_one,
    found,
    names,
    now,
    queue_one,
    settled,
    untimed,
    wanted,
)

LANES = [
    (Priority.OTP, Priority.TRANSACTIONAL, Priority.BULK),
    (Priority.BULK, Priority.OTP, Priority.TRANSACTIONAL),
    (Priority.TRANSACTIONAL, Priority.BULK),
]


class ClaimingContract(OutboxFixtures):
    async def test_a_claimed_message_comes_back_complete(self, outbox: Outbox) -> None:
        terms = Terms(
            route=("smscru", "twilio"), priority=Priority.OTP, on_unknown=OnUnknown.RESEND
        )
        new = await queue_one(outbox, terms)
        claimed = await claim_one(outbox)
        started = new.message.started(claimed.message.updated_at)
        assert untimed(claimed.message) == started
        assert started.text
        assert started.attempted_at is not None
        assert started.attempted_at > started.created_at
        assert claimed.segments == count_segments(started.text)
        assert claimed.lease.message_id == started.id
        assert claimed.lease.length_s == 60.0
        assert claimed.start_in_s == 0.0

    async def test_a_claim_is_durable_and_counts_the_attempt(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        claimed = await claim_one(outbox)
        stored = await found(reader, new.message.id)
        assert stored.message.status is MessageStatus.SENDING
        assert stored.message.attempts == 1
        assert untimed(stored.message) == untimed(claimed.message)
        assert names(stored) == ["accepted"]

    async def test_the_lease_of_a_claim_settles_its_message(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        settlement = settled(await claim_one(outbox))
        assert await outbox.settle(settlement)
        stored = await found(reader, new.message.id)
        assert untimed(stored.message) == untimed(settlement.message)
        assert stored.history[1:] == settlement.events

    @pytest.mark.parametrize("lanes", LANES)
    async def test_lanes_go_in_the_order_asked_for_and_by_due_time_within(
        self, outbox: Outbox, lanes: tuple[Priority, ...]
    ) -> None:
        due: dict[UUID, tuple[Priority, int]] = {}
        for number in (2, 0, 3, 1):
            for priority in Priority:
                request = a_request(terms=Terms(priority=priority))
                new = a_queued(request, due_at=now() - HOUR + timedelta(minutes=number))
                due[new.message.id] = (priority, number)
                await outbox.accept([new], request)
        claim = await outbox.claim(replace(wanted(limit=50), lanes=lanes))
        order = [due[claimed.message.id] for claimed in claim.claimed]
        assert order == [(lane, number) for lane in lanes for number in range(4)]

    async def test_the_limit_takes_the_first_ones(self, outbox: Outbox) -> None:
        request = a_request(9)
        news = [
            a_queued(request, number, due_at=now() - timedelta(minutes=number))
            for number in range(1, 10)
        ]
        await outbox.accept(news, request)
        first = await outbox.claim(wanted(limit=4))
        assert [claimed.message.recipient.msisdn[-1] for claimed in first.claimed] == [*"9876"]
        assert first.wait_s is not None
        assert first.wait_s <= 1
        rest = await outbox.claim(wanted(limit=40))
        assert [claimed.message.recipient.msisdn[-1] for claimed in rest.claimed] == [*"54321"]

    async def test_a_message_of_another_provider_is_not_claimed(self, outbox: Outbox) -> None:
        await queue_one(outbox)
        claim = await outbox.claim(wanted("twilio"))
        assert (len(claim.claimed), claim.wait_s) == (0, None)

    async def test_a_message_is_not_claimed_before_it_is_due(self, outbox: Outbox) -> None:
        request = a_request(2)
        later = [a_queued(request, hours, due_at=now() + hours * HOUR) for hours in (2, 1)]
        await outbox.accept(later, request)
        claim = await outbox.claim(wanted())
        assert not claim.claimed
        assert claim.wait_s is not None
        assert 3000 < claim.wait_s <= 3600

    async def test_a_message_is_claimed_once_it_is_due(self, outbox: Outbox) -> None:
        request = a_request()
        new = a_queued(request, due_at=now() + timedelta(seconds=0.2))
        await outbox.accept([new], request)
        await asyncio.sleep(0.3)
        assert (await claim_one(outbox)).message.id == new.message.id

    async def test_only_queued_messages_are_claimed(self, outbox: Outbox) -> None:
        request = a_request(3)
        taken, done, called_off = a_sending(request, 1), a_sending(request, 2), a_queued(request)
        await outbox.accept([taken, done, called_off], request)
        await outbox.settle(settled(done))
        at = now()
        await outbox.cancel(called_off.message.id, Event(at=at, name=EventName.CANCELED))
        claim = await outbox.claim(wanted())
        assert (len(claim.claimed), claim.wait_s) == (0, None)

    async def test_no_message_is_claimed_twice_however_many_claim(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request(2000)
        news = [a_queued(request, number) for number in range(2000)]
        await outbox.accept(news[:1000], request)
        await outbox.accept(news[1000:])
        seen: Counter[UUID] = Counter()
        tokens: set[UUID] = set()

        async def work(claimer: Outbox) -> None:
            while claimed := (await claimer.claim(wanted(limit=50))).claimed:
                seen.update(one.message.id for one in claimed)
                tokens.update(one.lease.token for one in claimed)
                assert all(one.message.attempts == 1 for one in claimed)

        await asyncio.gather(*(work(claimer) for claimer in (outbox, other) * 4))
        # A claimer may have come away empty because others held the last rows for a moment.
        await work(outbox)
        assert seen == Counter(new.message.id for new in news)
        assert len(tokens) >= 1
        of_it = await reader.of_request(request, after=None, limit=3000)
        assert {(s.message.status, s.message.attempts) for s in of_it} == {("sending", 1)}
