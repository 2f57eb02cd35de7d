"""Messages no receipt came for: asked about when it is time, by one asker, until one came."""

import asyncio
from dataclasses import replace

import pytest

from application import receipt_poll, receipt_questions, reconciler
from application.ports.outbox import Claimed, Outbox, Settlement
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import Failure, Message, MessageStatus
from domain.outcome import Accepted
from tests.contracts.outbox.fixtures import (
    PROVIDER,
    SHORT_S,
    OutboxFixtures,
    a_request,
    a_sending,
    doubt_one,
    found,
    let_leases_run_out,
    names,
    now,
    queue_one,
    settled,
    untimed,
    wanted,
)

S = MessageStatus
SLOW_S = 20.0


def heard(
    silent: Claimed, message: Message, wait_s: float | None = 0.0, *events: Event
) -> Settlement:
    """Settle a question about a receipt."""
    return Settlement(message, silent.lease, events, was=S.SUBMITTED, wait_s=wait_s)


async def submit_one(outbox: Outbox, wait_s: float | None = 0.0) -> Message:
    """Have one message taken; its provider is asked about it after a wait."""
    request = a_request()
    new = a_sending(request)
    await outbox.accept([new], request)
    settlement = replace(settled(new, Accepted("SM1")), wait_s=wait_s)
    assert await outbox.settle(settlement)
    return settlement.message


async def ask_one(outbox: Outbox, *, lease_s: float = 60.0) -> Claimed:
    (silent,) = await outbox.claim_silent(wanted(lease_s=lease_s))
    return silent


class SilenceContract(OutboxFixtures):
    async def test_a_silent_one_comes_back_complete_with_the_question_counted(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        message = await submit_one(outbox)
        silent = await ask_one(outbox)
        assert untimed(silent.message) == replace(message, lookups=1)
        assert silent.lease.message_id == message.id
        stored = await found(reader, message.id)
        assert (stored.message.status, stored.message.lookups) == (S.SUBMITTED, 1)
        assert names(stored) == ["accepted", "submitted"]

    async def test_a_silent_one_is_asked_about_only_when_it_is_time(self, outbox: Outbox) -> None:
        await submit_one(outbox, 3600)
        await submit_one(outbox, None)
        message = await submit_one(outbox, 0.1)
        await asyncio.sleep(0.2)
        assert (await ask_one(outbox)).message.id == message.id

    async def test_only_what_was_taken_by_that_provider_is_asked_about(
        self, outbox: Outbox
    ) -> None:
        await queue_one(outbox)
        await doubt_one(outbox)
        assert not await outbox.claim_silent(wanted())
        await submit_one(outbox)
        assert not await outbox.claim_silent(wanted("twilio"))
        assert len(await outbox.claim_silent(wanted())) == 1
        assert len(await outbox.claim_doubts(wanted())) == 1

    async def test_the_limit_of_questions_is_kept(self, outbox: Outbox) -> None:
        for _ in range(5):
            await submit_one(outbox)
        first = await outbox.claim_silent(wanted(limit=3))
        second = await outbox.claim_silent(wanted(limit=3))
        assert (len(first), len(second)) == (3, 2)
        assert len({silent.message.id for silent in (*first, *second)}) == 5

    async def test_nobody_else_asks_about_a_receipt_while_one_is_asking(
        self, outbox: Outbox, other: Outbox
    ) -> None:
        for _ in range(20):
            await submit_one(outbox)
        asked = await asyncio.gather(
            *(asker.claim_silent(wanted(limit=20)) for asker in (outbox, other) * 4)
        )
        rest = await outbox.claim_silent(wanted(limit=20))
        ids = [silent.message.id for claimed in (*asked, rest) for silent in claimed]
        assert len(ids) == len({*ids}) == 20

    async def test_a_question_nobody_heard_the_answer_of_is_asked_again_by_somebody_else(
        self, outbox: Outbox, other: Outbox, reader: MessageRepository
    ) -> None:
        message = await submit_one(outbox)
        lost = await ask_one(other, lease_s=SHORT_S)
        await let_leases_run_out()
        silent = await ask_one(outbox)
        assert silent.message.lookups == 2
        delivered = lost.message.moved(S.DELIVERED, now())
        assert not await other.settle(heard(lost, delivered))
        assert (await found(reader, message.id)).message.status is S.SUBMITTED
        assert await outbox.settle(heard(silent, delivered))
        assert (await found(reader, message.id)).message.status is S.DELIVERED

    async def test_questions_about_receipts_and_doubts_share_a_rate(self, outbox: Outbox) -> None:
        for _ in range(2):
            await submit_one(outbox)
        await doubt_one(outbox)
        slow = replace(wanted(), spacing_s=SLOW_S)
        assert len(await outbox.claim_silent(slow)) == 1
        assert not await outbox.claim_silent(slow)
        assert not await outbox.claim_doubts(slow)

    async def test_however_many_receipts_are_asked_for_a_doubt_has_its_turn(
        self, outbox: Outbox
    ) -> None:
        for _ in range(10):
            await submit_one(outbox)
        await doubt_one(outbox)
        question = replace(wanted(limit=20), spacing_s=receipt_questions.SPACING_S)
        asked = await outbox.claim_silent(replace(question, horizon_s=receipt_poll.EVERY_S))
        assert 1 < len(asked) < 10, "the rate was not the limit"
        assert len(await outbox.claim_doubts(replace(question, horizon_s=reconciler.HORIZON_S)))

    @pytest.mark.parametrize("status", [S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED])
    async def test_a_silence_may_end(
        self, outbox: Outbox, reader: MessageRepository, status: MessageStatus
    ) -> None:
        await submit_one(outbox)
        silent = await ask_one(outbox, lease_s=0.0)
        message = silent.message.moved(status, now(), Failure("expired", "too late", "3"))
        event = Event(at=now(), name=EventName(status), provider=PROVIDER, provider_code="3")
        assert await outbox.settle(heard(silent, message, 0.0, event))
        stored = await found(reader, message.id)
        assert untimed(stored.message) == untimed(message)
        assert stored.history[-1] == event
        assert not await outbox.claim_silent(wanted())

    async def test_a_silence_may_go_on_without_a_line_in_the_history(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        await submit_one(outbox)
        first = await ask_one(outbox)
        assert await outbox.settle(heard(first, first.message, 0.1))
        await asyncio.sleep(0.2)
        second = await ask_one(outbox, lease_s=0.0)
        assert second.message.lookups == 2
        assert await outbox.settle(heard(second, second.message, None))
        assert not await outbox.claim_silent(wanted())
        assert names(await found(reader, first.message.id)) == ["accepted", "submitted"]

    async def test_an_answer_about_a_receipt_repeated_is_recognised_and_written_once(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        await submit_one(outbox)
        silent = await ask_one(outbox)
        message = silent.message.moved(S.DELIVERED, now())
        event = Event(at=now(), name=EventName.DELIVERED, provider=PROVIDER)
        settlement = heard(silent, message, 0.0, event)
        assert await outbox.settle(settlement)
        assert await outbox.settle(settlement)
        assert names(await found(reader, message.id)) == ["accepted", "submitted", "delivered"]
