"""Where no receipt comes, the provider is asked: after 30 s, then less and less often, for 72 h."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application import loops
from application import receipt_poll as module
from application.receipt_poll import LONGEST_S, ReceiptPoll, next_wait_s
from application.receipt_questions import GIVE_UP_S
from domain.lookup import Found, Lookup, NoAnswer, NotFound
from domain.message import Message, MessageStatus
from domain.outcome import Accepted, Rejected, RejectReason, SubmitOutcome
from tests.fakes import NOW, MemoryOutbox
from tests.fakes.receipts import MemoryReceiptLog
from tests.unit.application.gateway import PHONE, Gateway, phones, turns, until
from tests.unit.application.receipt_source import Answering, ScriptedSource, delivered
from tests.unit.application.trouble import DefectError, break_first

INTERVAL_S = 30.0
HOUR_S = 3600.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.001)
    monkeypatch.setattr(module, "SPACING_S", 0.0)


class Desk(Gateway):
    """A gateway whose provider sends no receipts, and can be asked."""

    def __init__(
        self,
        answer: Answering = delivered,
        *,
        batch: int = 1,
        outcome: SubmitOutcome = Accepted("SM1"),  # noqa: B008 - a frozen value
    ) -> None:
        super().__init__(lambda _: outcome)
        self.source = ScriptedSource(answer, batch)
        self.log = MemoryReceiptLog(self.outbox)

    @asynccontextmanager
    async def asking(self, process: MemoryOutbox | None = None) -> AsyncIterator[None]:
        outbox = process or self.outbox
        carrier = self.carriers["smscru"]
        poll = ReceiptPoll(
            carrier, self.source, outbox, self.states, self.log, self.clock, interval_s=INTERVAL_S
        )
        running = asyncio.create_task(poll.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    @property
    def asked(self) -> list[Message]:
        return [message for question in self.source.asked for message in question]

    async def ask_at(self, *seconds: float) -> None:
        """Go to these times after the send, and see that it is asked then and not before."""
        for after in seconds:
            asked, settles = len(self.asked), self.outbox.settles
            at = NOW + timedelta(seconds=after)
            self.clock.advance((at - self.clock.at).total_seconds() - 0.5)
            await asyncio.sleep(0.005)
            assert len(self.asked) == asked
            self.clock.advance(0.5)
            await self.settled_after(settles)
            assert len(self.asked) == asked + 1

    async def settled_after(self, settles: int) -> None:
        """Wait until one more settlement is written."""
        await until(lambda: self.outbox.settles > settles)
        await turns(10)

    async def leave_alone(self, seconds: float = 7 * 86_400) -> None:
        """See that nobody asks any more."""
        asked = len(self.asked)
        self.clock.advance(seconds)
        await asyncio.sleep(0.01)
        assert len(self.asked) == asked


def silent(_: Message) -> Lookup:
    return Found(status=MessageStatus.SUBMITTED, provider_id="SM1")


# When it is asked.


@given(age_s=st.floats(0, 2 * GIVE_UP_S), interval_s=st.floats(1, 86_400))
def test_the_wait_grows_with_the_age_between_its_bounds(age_s: float, interval_s: float) -> None:
    wait_s = next_wait_s(age_s, interval_s)
    if age_s >= GIVE_UP_S:
        assert wait_s is None
    else:
        assert wait_s is not None
        assert interval_s <= wait_s <= max(interval_s, LONGEST_S)
        assert wait_s in {interval_s, age_s, LONGEST_S}


async def test_it_is_asked_after_30_seconds_and_then_at_growing_intervals_until_72_hours() -> None:
    desk = Desk(silent)
    await desk.send(PHONE)
    times: list[float] = [INTERVAL_S]
    while times[-1] < GIVE_UP_S:
        times.append(times[-1] + min(times[-1], HOUR_S))
    assert times[:4] == [30, 60, 120, 240]
    async with desk.asking():
        await desk.ask_at(*times)
        await desk.leave_alone()
    assert GIVE_UP_S <= times[-1] < GIVE_UP_S + HOUR_S
    assert desk.status(PHONE) == "submitted"


@pytest.mark.parametrize(
    "lookup",
    [Found(status=MessageStatus.SUBMITTED), NotFound(), NoAnswer("no answer within 30 s")],
    ids=lambda lookup: type(lookup).__name__,
)
async def test_an_answer_without_news_is_no_event(lookup: Lookup) -> None:
    desk = Desk(lambda _: lookup)
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(30, 60, 120)
    assert desk.history(PHONE) == ["accepted", "submitted"]
    assert desk.outbox.message(PHONE).message.failure is None


async def test_who_has_opted_out_is_remembered_before_the_answer_is_written() -> None:
    refused = Found(
        status=MessageStatus.UNDELIVERABLE, provider_code="failed/21610", opted_out=True
    )
    desk = Desk(lambda _: refused)
    await desk.send(PHONE)
    async with desk.asking():
        desk.clock.advance(30)
        await until(lambda: desk.status(PHONE) == "undeliverable")
    ((receipt, _),) = desk.log.parked.values()
    assert receipt.opted_out
    assert receipt.message_id == desk.outbox.message(PHONE).message.id


async def test_two_processes_ask_once() -> None:
    desk = Desk(silent)
    await desk.send(*phones(3))
    async with desk.asking(), desk.asking(desk.outbox.another()):
        desk.clock.advance(30)
        await until(lambda: len(desk.asked) >= 3)
        await asyncio.sleep(0.01)
    assert len(desk.asked) == len({message.id for message in desk.asked}) == 3


async def test_what_did_not_leave_or_has_its_receipt_is_never_asked_about() -> None:
    refused = Desk(outcome=Rejected(reason=RejectReason.RECIPIENT))
    arrived = Desk(outcome=Accepted("SM1", delivered=True))
    for desk in (refused, arrived):
        await desk.send(PHONE)
        async with desk.asking():
            await desk.leave_alone()
        assert desk.asked == []


@pytest.mark.parametrize(("batch", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (100, [7])])
async def test_a_question_is_about_as_many_as_it_may_be(batch: int, sizes: list[int]) -> None:
    desk = Desk(batch=batch)
    await desk.send(*phones(7))
    async with desk.asking():
        desk.clock.advance(30)
        await until(lambda: {*desk.statuses(phones(7))} == {"delivered"})
    assert sorted(map(len, desk.source.asked), reverse=True) == sizes


async def test_all_processes_ask_five_questions_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPACING_S", 0.2)
    desk = Desk(silent, batch=10)
    await desk.send(*phones(100))
    desk.clock.advance(30)
    async with desk.asking(), desk.asking(desk.outbox.another()):
        await until(lambda: desk.asked)
        await asyncio.sleep(0.05)
        assert len(desk.source.asked) <= 2
    assert len(desk.asked) <= 11


# What it says.


@pytest.mark.parametrize(
    "status", [MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE, MessageStatus.EXPIRED]
)
async def test_what_the_provider_says_is_final_and_in_its_own_words(status: MessageStatus) -> None:
    desk = Desk(lambda _: Found(status=status, provider_code="20", text="Absent subscriber"))
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(30)
        await desk.leave_alone()
    stored = desk.outbox.message(PHONE)
    assert (stored.message.status, stored.message.provider_id) == (status, "SM1")
    event = stored.history[-1]
    assert (str(event.name), event.provider_code, event.text) == (
        str(status),
        "20",
        "Absent subscriber",
    )
    failure = stored.message.failure
    if status is MessageStatus.DELIVERED:
        assert failure is None
    else:
        assert failure is not None
        assert (failure.code, failure.text, failure.provider_code) == (
            str(status),
            "Absent subscriber",
            "20",
        )


async def test_each_message_of_a_question_hears_its_own_answer() -> None:
    def answer(message: Message) -> Lookup:
        arrived = message.recipient.msisdn.endswith("1")
        return Found(status=MessageStatus.DELIVERED if arrived else MessageStatus.UNDELIVERABLE)

    desk = Desk(answer, batch=100)
    await desk.send(*phones(2))
    async with desk.asking():
        desk.clock.advance(30)
        await until(lambda: "submitted" not in desk.statuses(phones(2)))
    assert desk.statuses(phones(2)) == ["undeliverable", "delivered"]


# Trouble.


async def test_a_provider_is_left_alone_for_as_long_as_it_asks() -> None:
    desk = Desk(lambda _: NoAnswer("too many requests", retry_after_s=1000))
    await desk.send(*phones(2))
    async with desk.asking():
        desk.clock.advance(30)
        await desk.settled_after(3)
        asked = len(desk.asked)
        desk.clock.advance(990)
        await asyncio.sleep(0.01)
        assert len(desk.asked) == asked == 2
        desk.source.answer = delivered
        desk.clock.advance(20)
        await until(lambda: {*desk.statuses(phones(2))} == {"delivered"})


async def test_others_are_not_asked_about_either_while_a_provider_wants_to_be_left_alone() -> None:
    desk = Desk(lambda _: NoAnswer("too many requests", retry_after_s=1000))
    await desk.send(*phones(1))
    async with desk.asking():
        desk.clock.advance(30)
        await desk.settled_after(1)
        await desk.send(PHONE)
        desk.clock.advance(30)
        await asyncio.sleep(0.01)
        assert len(desk.asked) == 1


async def test_a_defect_in_one_answer_does_not_end_the_asking(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def defective(message: Message) -> Lookup:
        raise DefectError(message.recipient.e164)

    desk = Desk(defective)
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(30, 60)
        desk.source.answer = delivered
        await desk.ask_at(120)
    assert desk.status(PHONE) == "delivered"
    assert "unforeseen DefectError in a question about receipts" in caplog.text
    assert PHONE not in caplog.text


async def test_a_provider_that_answers_for_fewer_messages_has_not_answered() -> None:
    class Short(ScriptedSource):
        async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
            return (await super().states(messages))[1:]

    desk = Desk()
    desk.source = Short(batch=10)
    await desk.send(*phones(3))
    async with desk.asking():
        desk.clock.advance(30)
        await desk.settled_after(5)
    assert desk.statuses(phones(3)) == ["submitted"] * 3


async def test_an_answer_that_could_not_be_written_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    await desk.send(PHONE)
    break_first(monkeypatch, "settle")
    async with desk.asking():
        desk.clock.advance(30)
        await until(lambda: desk.asked)
        await asyncio.sleep(0.01)
        assert desk.status(PHONE) == "submitted"
        desk.clock.advance(60)
        await until(lambda: desk.status(PHONE) == "delivered")


async def test_while_the_database_is_away_nobody_is_asked_and_then_it_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    await desk.send(PHONE)
    with caplog.at_level(logging.WARNING):
        async with desk.asking():
            desk.outbox.away = True
            desk.clock.advance(30)
            await asyncio.sleep(0.01)
            assert desk.asked == []
            desk.outbox.away = False
            await until(lambda: desk.status(PHONE) == "delivered")
    assert "questions about receipts at smscru not done, trying again" in caplog.text
