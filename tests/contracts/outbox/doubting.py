"""How doubts are followed up: asked one at a time, when it is time, until they are settled."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.outbox import Claimed, Outbox, Settlement
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import Message, MessageStatus
from tests.contracts.outbox.fixtures import (
    PROVIDER,
    SHORT_S,
    OutboxFixtures,
    claim_one,
    doubt_one,
    found,
    let_leases_run_out,
    names,
    now,
    queue_one,
    untimed,
    wanted,
)

SLOW_S = 20.0


def answered(
    doubt: Claimed, message: Message, name: EventName, wait_s: float | None = 0.0
) -> Settlement:
    """Settle a look-up."""
    event = Event(at=now(), name=name, provider=PROVIDER, text="as it was said")
    return Settlement(message, doubt.lease, (event,), was=MessageStatus.UNKNOWN, wait_s=wait_s)


async def ask_one(outbox: Outbox, *, lease_s: float = 60.0) -> Claimed:
    """Claim the one doubt that is due."""
    (doubt,) = await outbox.claim_doubts(wanted(lease_s=lease_s))
    return doubt


class DoubtingContract(OutboxFixtures):
    async def test_a_doubt_comes_back_complete_with_the_look_up_counted(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        settlement = await doubt_one(outbox)
        doubt = await ask_one(outbox)
        assert untimed(doubt.message) == replace(
            settlement.message, lookups=1, updated_at=doubt.message.updated_at
        )
        assert doubt.lease.message_id == settlement.message.id
        stored = await found(reader, settlement.message.id)
        assert (stored.message.status, stored.message.lookups) == (MessageStatus.UNKNOWN, 1)
        assert names(stored) == ["accepted", "unknown"]

    async def test_a_doubt_is_never_claimed_to_be_sent(self, outbox: Outbox) -> None:
        await doubt_one(outbox)
        claim = await outbox.claim(wanted())
        assert (len(claim.claimed), claim.wait_s) == (0, None)

    async def test_a_doubt_is_asked_about_only_when_it_is_time(self, outbox: Outbox) -> None:
        await doubt_one(outbox, 3600)
        settlement = await doubt_one(outbox, 0.1)
        await asyncio.sleep(0.2)
        assert (await ask_one(outbox)).message.id == settlement.message.id

    async def test_only_what_is_in_doubt_at_that_provider_is_asked_about(
        self, outbox: Outbox
    ) -> None:
        await queue_one(outbox)
        await claim_one(outbox)
        await queue_one(outbox)
        assert not await outbox.claim_doubts(wanted())
        await doubt_one(outbox)
        assert not await outbox.claim_doubts(wanted("twilio"))
        assert len(await outbox.claim_doubts(wanted())) == 1

    async def test_the_limit_of_doubts_is_kept(self, outbox: Outbox) -> None:
        for _ in range(5):
            await doubt_one(outbox)
        first = await outbox.claim_doubts(wanted(limit=3))
        second = await outbox.claim_doubts(wanted(limit=3))
        assert (len(first), len(second)) == (3, 2)
        assert len({doubt.message.id for doubt in (*first, *second)}) == 5

    async def test_nobody_else_asks_while_one_is_asking(
        self, outbox: Outbox, other: Outbox
    ) -> None:
        for _ in range(20):
            await doubt_one(outbox)
        asked = await asyncio.gather(
            *(asker.claim_doubts(wanted(limit=20)) for asker in (outbox, other) * 4)
        )
        rest = await outbox.claim_doubts(wanted(limit=20))
        ids = [doubt.message.id for doubts in (*asked, rest) for doubt in doubts]
        assert len(ids) == len({*ids}) == 20
        assert not await other.claim_doubts(wanted(limit=20))

    async def test_somebody_else_asks_when_the_asker_is_not_heard_of_again(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        await doubt_one(outbox)
        lost = await ask_one(other, lease_s=SHORT_S)
        await let_leases_run_out()
        doubt = await ask_one(outbox)
        assert doubt.message.lookups == 2
        message = doubt.message.moved(MessageStatus.SUBMITTED, now())
        assert not await other.settle(answered(lost, message, EventName.SUBMITTED))
        assert (await found(reader, message.id)).message.status is MessageStatus.UNKNOWN
        assert await outbox.settle(answered(doubt, message, EventName.SUBMITTED))

    async def test_questions_have_a_rate_of_their_own(self, outbox: Outbox) -> None:
        await queue_one(outbox)
        for _ in range(3):
            await doubt_one(outbox)
        slow = replace(wanted(), spacing_s=SLOW_S)
        assert len(await outbox.claim_doubts(slow)) == 1
        assert not await outbox.claim_doubts(slow)
        assert len((await outbox.claim(slow)).claimed) == 1

    async def test_a_doubt_may_end_as_submitted(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        await doubt_one(outbox)
        doubt = await ask_one(outbox, lease_s=0.0)
        message = replace(doubt.message.moved(MessageStatus.SUBMITTED, now()), provider_id="SM9")
        settlement = answered(doubt, message, EventName.SUBMITTED)
        assert await outbox.settle(settlement)
        stored = await found(reader, message.id)
        assert untimed(stored.message) == untimed(message)
        assert stored.history[-1:] == settlement.events
        assert not await outbox.claim_doubts(wanted())

    async def test_a_doubt_may_end_in_the_queue_again(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        await doubt_one(outbox)
        doubt = await ask_one(outbox)
        message = doubt.message.resent(now())
        assert await outbox.settle(answered(doubt, message, EventName.RESENT))
        stored = await found(reader, message.id)
        assert untimed(stored.message) == untimed(message)
        again = (await claim_one(outbox)).message
        assert (again.attempts, again.resends, again.lookups) == (2, 1, 0)
        assert not await outbox.claim_doubts(wanted())

    async def test_a_doubt_may_stay_one_and_be_asked_about_later(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        await doubt_one(outbox)
        first = await ask_one(outbox)
        assert await outbox.settle(answered(first, first.message, EventName.LOOKED_UP, 0.1))
        await asyncio.sleep(0.2)
        second = await ask_one(outbox, lease_s=0.0)
        assert second.message.lookups == 2
        assert await outbox.settle(answered(second, second.message, EventName.LOOKED_UP, 3600))
        assert not await outbox.claim_doubts(wanted())
        stored = await found(reader, first.message.id)
        assert names(stored) == ["accepted", "unknown", "looked_up", "looked_up"]

    async def test_a_doubt_that_is_held_is_asked_about_no_more(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        await doubt_one(outbox)
        doubt = await ask_one(outbox, lease_s=0.0)
        assert await outbox.settle(answered(doubt, doubt.message, EventName.HELD, None))
        await asyncio.sleep(0.1)
        assert not await outbox.claim_doubts(wanted())
        stored = await found(reader, doubt.message.id)
        assert stored.message.status is MessageStatus.UNKNOWN
        assert names(stored) == ["accepted", "unknown", "held"]

    async def test_a_doubt_held_from_the_start_is_never_asked_about(self, outbox: Outbox) -> None:
        await doubt_one(outbox, None)
        assert not await outbox.claim_doubts(wanted())

    @pytest.mark.parametrize(
        ("status", "wait_s"),
        [("unknown", 3600), ("unknown", None), ("failed", 0.0), ("submitted", 0.0), ("queued", 60)],
    )
    async def test_a_look_ups_settlement_repeated_is_recognised_and_written_once(
        self, outbox: Outbox, reader: MessageRepository, status: str, wait_s: float | None
    ) -> None:
        await doubt_one(outbox)
        doubt = await ask_one(outbox)
        message = replace(doubt.message, status=MessageStatus(status), updated_at=now())
        settlement = answered(doubt, message, EventName.LOOKED_UP, wait_s)
        assert await outbox.settle(settlement)
        before = await found(reader, message.id)
        assert await outbox.settle(settlement)
        assert await found(reader, message.id) == before
        assert names(before) == ["accepted", "unknown", "looked_up"]

    async def test_the_lease_of_the_attempt_settles_nothing_while_somebody_asks(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        settlement = await doubt_one(outbox)
        await ask_one(outbox)
        late = replace(settlement, message=replace(settlement.message, provider_id="late"))
        assert not await outbox.settle(late)
        assert (await found(reader, late.message.id)).message.provider_id is None
