"""What can happen to a message that waits: canceled, diverted, counted; and who is woken."""

import asyncio
from uuid import UUID, uuid4

import pytest

from application.ports.outbox import Outbox
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import MessageStatus
from domain.terms import Priority, Terms
from tests.contracts.outbox.fixtures import (
    HOUR,
    PROVIDER,
    OutboxFixtures,
    a_queued,
    a_request,
    claim_one,
    found,
    names,
    now,
    queue_many,
    queue_one,
    settled,
    wanted,
)

ROUTE = Terms(route=("smscru", "twilio", "mobizonkz"))


def canceled() -> Event:
    return Event(at=now(), name=EventName.CANCELED, text="by its caller")


class QueueingContract(OutboxFixtures):
    async def test_a_queued_message_is_canceled_and_never_claimed(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        event = canceled()
        assert await outbox.cancel(new.message.id, event)
        stored = await found(reader, new.message.id)
        assert stored.message.status is MessageStatus.CANCELED
        assert stored.message.updated_at == event.at
        assert stored.history[1:] == (event,)
        assert not (await outbox.claim(wanted())).claimed

    async def test_what_is_not_queued_is_not_canceled(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        claimed = await claim_one(outbox)
        assert not await outbox.cancel(new.message.id, canceled())
        await outbox.settle(settled(claimed))
        assert not await outbox.cancel(new.message.id, canceled())
        assert not await outbox.cancel(uuid4(), canceled())
        assert names(await found(reader, new.message.id)) == ["accepted", "submitted"]

    async def test_a_message_is_canceled_once(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        new = await queue_one(outbox)
        told = await asyncio.gather(*(outbox.cancel(new.message.id, canceled()) for _ in range(5)))
        assert sum(told) == 1
        assert names(await found(reader, new.message.id)) == ["accepted", "canceled"]

    async def test_a_message_is_claimed_or_canceled_and_never_both(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        news = await queue_many(outbox, 60)
        ids = [new.message.id for new in news]
        claimed: set[UUID] = set()

        async def claim(claimer: Outbox) -> None:
            claim = await claimer.claim(wanted(limit=5))
            claimed.update(one.message.id for one in claim.claimed)

        async def cancel(message_id: UUID) -> bool:
            return await outbox.cancel(message_id, canceled())

        told, _ = await asyncio.gather(
            asyncio.gather(*map(cancel, ids[::2])),
            asyncio.gather(*(claim(claimer) for claimer in (outbox, other) * 4)),
        )
        gone = {message_id for message_id, done in zip(ids[::2], told, strict=True) if done}
        assert not gone & claimed
        assert gone | claimed >= {*ids[::2]}
        for message_id in ids:
            status = (await found(reader, message_id)).message.status
            assert (status is MessageStatus.CANCELED) == (message_id in gone)
            assert (status is MessageStatus.SENDING) == (message_id in claimed)

    @pytest.mark.parametrize(
        ("avoid", "to"),
        [
            ({"smscru"}, "twilio"),
            ({"smscru", "twilio"}, "mobizonkz"),
            ({"smscru", "mobizonkz"}, "twilio"),
        ],
    )
    async def test_a_diverted_message_goes_to_the_first_provider_not_avoided(
        self, outbox: Outbox, reader: MessageRepository, avoid: set[str], to: str
    ) -> None:
        new = await queue_one(outbox, ROUTE)
        assert await outbox.divert(PROVIDER, frozenset(avoid)) == 1
        stored = await found(reader, new.message.id)
        assert (stored.message.provider, stored.message.status) == (to, MessageStatus.QUEUED)
        assert names(stored) == ["accepted", "routed"]
        assert stored.history[-1].provider == to
        assert not (await outbox.claim(wanted())).claimed
        assert (await claim_one(outbox, to)).message.provider == to

    @pytest.mark.parametrize(
        ("terms", "avoid"),
        [
            (ROUTE, {"smscru", "twilio", "mobizonkz"}),
            (Terms(route=("smscru",)), {"smscru"}),
            (Terms(), {"smscru"}),
        ],
    )
    async def test_a_message_without_an_alternative_stays(
        self, outbox: Outbox, reader: MessageRepository, terms: Terms, avoid: set[str]
    ) -> None:
        new = await queue_one(outbox, terms)
        assert await outbox.divert(PROVIDER, frozenset(avoid)) == 0
        stored = await found(reader, new.message.id)
        assert (stored.message.provider, names(stored)) == (PROVIDER, ["accepted"])

    async def test_only_what_is_queued_and_due_there_is_diverted(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        started = await queue_one(outbox, ROUTE)
        await claim_one(outbox)
        request = a_request(2, terms=ROUTE)
        later = a_queued(request, due_at=now() + HOUR)
        elsewhere = a_queued(request, provider="mobizonkz")
        await outbox.accept([later, elsewhere], request)
        assert await outbox.divert(PROVIDER, frozenset({PROVIDER, "mobizonkz"})) == 0
        for new in (started, later, elsewhere):
            stored = await found(reader, new.message.id)
            assert stored.message.provider == new.message.provider

    async def test_many_are_diverted_at_once(self, outbox: Outbox) -> None:
        await queue_many(outbox, 300, terms=ROUTE)
        assert await outbox.divert(PROVIDER, frozenset({PROVIDER})) == 300
        assert await outbox.divert(PROVIDER, frozenset({PROVIDER})) == 0
        assert len((await outbox.claim(wanted("twilio", limit=400))).claimed) == 300

    async def test_the_backlog_is_the_age_of_each_lanes_oldest_message(
        self, outbox: Outbox
    ) -> None:
        for priority, hours in ((Priority.OTP, 3), (Priority.OTP, 2), (Priority.BULK, 5)):
            request = a_request(terms=Terms(priority=priority))
            await outbox.accept([a_queued(request, due_at=now() - hours * HOUR)], request)
        request = a_request(3)
        await outbox.accept(
            [
                a_queued(request, provider="mobizonkz"),
                a_queued(request, provider="twilio"),
                a_queued(request, due_at=now() + HOUR),
            ],
            request,
        )
        ages = await outbox.backlog([PROVIDER, "twilio", "epochtasmsru"])
        assert ages == {
            (PROVIDER, Priority.OTP): pytest.approx(3 * 3600, abs=600),
            (PROVIDER, Priority.BULK): pytest.approx(5 * 3600, abs=600),
            ("twilio", Priority.TRANSACTIONAL): pytest.approx(3600, abs=600),
        }

    async def test_what_is_being_sent_is_no_backlog(self, outbox: Outbox) -> None:
        await queue_one(outbox)
        await claim_one(outbox)
        assert await outbox.backlog([PROVIDER]) == {}
        assert await outbox.backlog([]) == {}

    async def test_a_wait_ends_when_a_message_is_queued(self, outbox: Outbox) -> None:
        waiting = asyncio.create_task(outbox.wait_ready(PROVIDER, 300))
        await asyncio.sleep(0.05)
        await queue_one(outbox)
        await asyncio.wait_for(waiting, 30)

    async def test_a_message_queued_just_before_the_wait_ends_it(self, outbox: Outbox) -> None:
        assert not (await outbox.claim(wanted())).claimed
        await queue_one(outbox)
        await asyncio.wait_for(outbox.wait_ready(PROVIDER, 300), 30)

    async def test_a_wait_ends_when_a_message_comes_back(self, outbox: Outbox) -> None:
        await queue_one(outbox)
        claimed = await claim_one(outbox)
        await asyncio.wait_for(outbox.wait_ready(PROVIDER, 0.2), 30)
        waiting = asyncio.create_task(outbox.wait_ready(PROVIDER, 300))
        await asyncio.sleep(0.05)
        await outbox.release([claimed.lease])
        await asyncio.wait_for(waiting, 30)

    async def test_a_wait_ends_by_itself(self, outbox: Outbox) -> None:
        await asyncio.wait_for(outbox.wait_ready("twilio", 0.05), 30)
