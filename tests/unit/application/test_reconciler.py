"""Nobody knows whether it was sent: the provider is asked, and then the caller's wish counts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application import loops
from application import reconciler as module
from application.reconciler import GIVE_UP_S, Patience, Reconciler
from domain.lookup import Attempt, Found, Lookup, NoAnswer, NotFound
from domain.message import Channel, Message, MessageStatus
from domain.outcome import Accepted, Rejected, RejectReason, SubmitOutcome, Unconfirmed
from domain.terms import OnUnknown
from tests.fakes import NOW, MemoryMessages, MemoryOutbox
from tests.fakes.receipts import MemoryReceiptLog
from tests.unit.application.gateway import OTHER, PHONE, Gateway, phones, turns, until
from tests.unit.application.trouble import DefectError, break_first

DELAYS_S = (5, 30, 120, 600)
NOTHING = NotFound()
SILENT = NoAnswer("no answer within 30 s")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.001)
    monkeypatch.setattr(module, "SPACING_S", 0.0)


class ScriptedLookup:
    """Tells what it is told to.

    Attributes:
        asked: what was asked about, in order.
    """

    def __init__(self, answer: Callable[[Attempt], Lookup]) -> None:
        self.answer = answer
        self.asked: list[Attempt] = []

    async def find(self, attempt: Attempt) -> Lookup:
        self.asked.append(attempt)
        await asyncio.sleep(0)
        return self.answer(attempt)


class Desk(Gateway):
    """A gateway whose provider never answers, and can be asked later."""

    def __init__(
        self,
        answer: Callable[[Attempt], Lookup] = lambda _: NOTHING,
        *,
        provider: Callable[[Message], SubmitOutcome] = lambda _: Unconfirmed("silence"),
    ) -> None:
        super().__init__(provider)
        self.lookup = ScriptedLookup(answer)
        self.receipts = MemoryReceiptLog(self.outbox)

    @asynccontextmanager
    async def asking(self, *, process: MemoryOutbox | None = None) -> AsyncIterator[None]:
        outbox = self.outbox if process is None else process
        reconciler = Reconciler(
            self.carriers["smscru"],
            self.lookup,
            outbox,
            MemoryMessages(outbox),
            self.receipts,
            self.clock,
            Patience(DELAYS_S),
        )
        running = asyncio.create_task(reconciler.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def ask_at(self, *seconds: float) -> None:
        """Go to these times after the send, and see that it is asked then and not before."""
        for after in seconds:
            asked, settled = len(self.lookup.asked), self.outbox.settles
            at = NOW + timedelta(seconds=after)
            self.clock.advance((at - self.clock.at).total_seconds() - 0.5)
            await asyncio.sleep(0.005)
            assert len(self.lookup.asked) == asked
            self.clock.advance(0.5)
            await self.settled_after(settled)
            assert len(self.lookup.asked) == asked + 1

    async def settled_after(self, settles: int) -> None:
        """Wait until one more settlement is written."""
        await until(lambda: self.outbox.settles > settles)
        await turns(10)

    async def leave_alone(self, seconds: float = 7 * 86_400) -> None:
        """See that nobody asks any more."""
        asked = len(self.lookup.asked)
        self.clock.advance(seconds)
        await asyncio.sleep(0.01)
        assert len(self.lookup.asked) == asked


def found(status: MessageStatus, **more: Any) -> Callable[[Attempt], Lookup]:  # noqa: ANN401 - whatever there is
    return lambda _: Found(status=status, **more)


# When it is asked.


def test_the_waits_add_up_to_the_delays() -> None:
    patience = Patience(DELAYS_S)
    waits = [patience.first_s, *(patience.wait_s(lookups) for lookups in (1, 2, 3))]
    assert waits == [5, 25, 90, 480]
    assert patience.wait_s(4) is None
    assert patience.longest_s == 480


@pytest.mark.parametrize(("delays", "longest"), [((7,), 7), ((5, 6), 5), ((5, 30, 31), 25)])
def test_the_longest_wait_may_be_any(delays: tuple[float, ...], longest: float) -> None:
    assert Patience(delays).longest_s == longest


async def test_it_is_asked_after_5_30_120_and_600_seconds_and_then_held() -> None:
    desk = Desk()
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(*DELAYS_S)
        await desk.leave_alone()
    (row,) = desk.outbox.rows.values()
    assert (row.message.status, row.lookup_at) == ("unknown", None)
    assert desk.history(PHONE) == ["accepted", "unknown", *["looked_up"] * 4, "held"]
    texts = [event.text for event in row.stored.history[2:]]
    assert texts[0] == "smscru knows nothing of it"
    assert "not sent again" in texts[-1]
    assert desk.submitted() == [PHONE]


async def test_who_has_opted_out_is_remembered() -> None:
    desk = Desk(found(MessageStatus.UNDELIVERABLE, opted_out=True))
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(5)
    assert desk.status(PHONE) == "undeliverable"
    ((receipt, _),) = desk.receipts.parked.values()
    assert receipt.opted_out
    assert receipt.message_id == desk.outbox.message(PHONE).message.id


async def test_it_is_asked_about_the_attempt_as_it_was() -> None:
    desk = Desk()
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(5)
    (attempt,) = desk.lookup.asked
    assert (attempt.started_at, attempt.message.recipient.msisdn) == (NOW, PHONE)
    assert (attempt.message.status, attempt.taken_ids) == ("unknown", frozenset())


async def test_it_is_told_which_of_the_providers_names_are_other_messages() -> None:
    answers: Iterator[SubmitOutcome] = iter(
        [Accepted("SM1"), Unconfirmed("silence"), Accepted("SM3")]
    )
    desk = Desk(provider=lambda _: next(answers))
    await desk.send(PHONE)
    await desk.send(PHONE)
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(5)
    (attempt,) = desk.lookup.asked
    assert attempt.taken_ids == {"SM1", "SM3"}


async def test_two_processes_ask_once() -> None:
    desk = Desk()
    await desk.send(*phones(3))
    async with desk.asking(), desk.asking(process=desk.outbox.another()):
        desk.clock.advance(5)
        await until(lambda: len(desk.lookup.asked) >= 3)
        await asyncio.sleep(0.01)
    assert len({attempt.message.id for attempt in desk.lookup.asked}) == 3
    assert len(desk.lookup.asked) == 3


async def test_more_than_one_round_holds_are_all_asked_about() -> None:
    desk = Desk(found(MessageStatus.SUBMITTED))
    await desk.send(*phones(35))
    async with desk.asking():
        desk.clock.advance(5)
        await until(lambda: {*desk.statuses(phones(35))} == {"submitted"})
    assert len(desk.lookup.asked) == 35


# It was taken.


@pytest.mark.parametrize(
    "status", [MessageStatus.SUBMITTED, MessageStatus.DELIVERED, MessageStatus.UNDELIVERABLE]
)
async def test_what_the_provider_has_is_settled(status: MessageStatus) -> None:
    desk = Desk(found(status, provider_id="SM1", provider_code="3", text="handset is off"))
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(5)
        await desk.leave_alone()
    stored = desk.outbox.message(PHONE)
    assert (stored.message.status, stored.message.provider_id) == (status, "SM1")
    event = stored.history[-1]
    assert str(event.name) == str(status)
    assert (event.provider_code, event.text) == ("3", "handset is off")
    assert desk.submitted() == [PHONE]


async def test_what_is_found_late_counts_even_where_it_was_to_be_resent() -> None:
    answers: list[Lookup] = [NOTHING, SILENT, NOTHING, Found(status=MessageStatus.SUBMITTED)]
    desk = Desk(lambda _: answers.pop(0))
    await desk.send(PHONE, on_unknown=OnUnknown.RESEND)
    async with desk.asking():
        await desk.ask_at(*DELAYS_S)
    assert desk.status(PHONE) == "submitted"
    assert desk.submitted() == [PHONE]


async def test_a_name_that_is_known_already_is_kept() -> None:
    desk = Desk(found(MessageStatus.DELIVERED))
    await desk.send(PHONE)
    (row,) = desk.outbox.rows.values()
    row.write(replace(row.message, provider_id="SM1"))
    async with desk.asking():
        await desk.ask_at(5)
    assert desk.outbox.message(PHONE).message.provider_id == "SM1"


# The caller's wish.


async def test_what_is_to_be_resent_is_resent_exactly_once() -> None:
    desk = Desk()
    await desk.send(PHONE, on_unknown=OnUnknown.RESEND)
    async with desk.asking(), desk.pumping():
        await desk.ask_at(5, 30, 120)
        assert desk.submitted() == [PHONE]
        await desk.ask_at(600)
        await until(lambda: len(desk.submitted()) == 2 and desk.status(PHONE) == "unknown")
        await desk.ask_at(605, 630, 720, 1200)
        await desk.leave_alone(3600)
    assert desk.submitted() == [PHONE, PHONE]
    assert desk.outbox.message(PHONE).message.resends == 1
    asked = ["looked_up"] * 4
    assert desk.history(PHONE) == [
        "accepted",
        "unknown",
        *asked,
        "resent",
        "unknown",
        *asked,
        "held",
    ]


async def test_one_that_is_resent_and_taken_is_done() -> None:
    answers: Iterator[SubmitOutcome] = iter([Unconfirmed("silence"), Accepted("SM2")])
    desk = Desk(provider=lambda _: next(answers))
    await desk.send(PHONE, on_unknown=OnUnknown.RESEND)
    async with desk.asking(), desk.pumping():
        await desk.ask_at(*DELAYS_S)
        await until(lambda: desk.status(PHONE) == "submitted")
    assert desk.outbox.message(PHONE).message.attempts == 2


async def held_after_all(desk: Desk) -> None:
    async with desk.asking(), desk.pumping():
        await desk.ask_at(*DELAYS_S)
        await desk.leave_alone(3600)
    assert desk.history(PHONE)[-1] == "held"
    assert desk.submitted() == [PHONE]


async def test_a_call_is_never_made_twice_whatever_its_terms_say() -> None:
    desk = Desk()
    await desk.send(PHONE, channel=Channel.CALL)
    (row,) = desk.outbox.rows.values()
    wish = replace(row.message.terms, on_unknown=OnUnknown.RESEND)
    row.write(replace(row.message, terms=wish))
    await held_after_all(desk)


async def test_what_has_expired_is_not_resent() -> None:
    desk = Desk()
    await desk.send(PHONE, on_unknown=OnUnknown.RESEND, ttl_s=600)
    await held_after_all(desk)


async def test_what_is_to_be_held_is_not_resent() -> None:
    desk = Desk()
    await desk.send(PHONE)
    await held_after_all(desk)


# A provider that cannot be asked.


async def test_a_provider_that_cannot_be_asked_is_asked_for_a_day_and_nothing_is_resent() -> None:
    desk = Desk(lambda _: SILENT)
    await desk.send(PHONE, on_unknown=OnUnknown.RESEND, ttl_s=7 * 86_400)
    hourly = range(600 + 480, 86_400 + 1000, 480)
    times = [*DELAYS_S, *(after for after in hourly if after - 480 <= GIVE_UP_S)]
    async with desk.asking(), desk.pumping():
        for after in times:
            settled = desk.outbox.settles
            desk.clock.advance((NOW - desk.clock.at).total_seconds() + after)
            await desk.settled_after(settled)
        await desk.leave_alone()
    assert len(desk.lookup.asked) == len(times) >= 180
    assert desk.history(PHONE)[-2:] == ["looked_up", "held"]
    assert desk.submitted() == [PHONE]
    (row,) = desk.outbox.rows.values()
    assert (row.message.status, row.message.resends) == ("unknown", 0)
    assert row.stored.history[2].text == "smscru could not be asked: no answer within 30 s"


async def test_a_provider_that_can_be_asked_again_knows_it_after_all() -> None:
    answers: list[Lookup] = [*[SILENT] * 6, Found(status=MessageStatus.DELIVERED)]
    desk = Desk(lambda _: answers.pop(0))
    await desk.send(PHONE, on_unknown=OnUnknown.RESEND)
    async with desk.asking():
        await desk.ask_at(*DELAYS_S, 1080, 1560, 2040)
    assert desk.status(PHONE) == "delivered"


async def test_it_is_left_alone_for_as_long_as_it_asks() -> None:
    answers: list[Lookup] = [NoAnswer("too many requests", retry_after_s=3600), NOTHING]
    desk = Desk(lambda _: answers.pop(0))
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(5, 3605)


@pytest.mark.parametrize("wish", OnUnknown)
async def test_a_defect_of_an_adapter_is_no_answer(
    wish: OnUnknown, caplog: pytest.LogCaptureFixture
) -> None:
    def defective(attempt: Attempt) -> Lookup:
        raise DefectError(attempt.message.recipient.e164)

    desk = Desk(defective)
    await desk.send(PHONE, on_unknown=wish)
    async with desk.asking():
        await desk.ask_at(*DELAYS_S, 1080)
    assert desk.history(PHONE)[-1] == "looked_up"
    assert desk.submitted() == [PHONE]
    assert "unforeseen DefectError in a look-up" in caplog.text
    assert PHONE not in caplog.text


# Whatever happens meanwhile.


async def test_a_receipt_that_comes_during_a_question_stands() -> None:
    def overtaken(_: Attempt) -> Lookup:
        (row,) = desk.outbox.rows.values()
        row.write(row.message.after_receipt(MessageStatus.DELIVERED, NOW))
        return NOTHING

    desk = Desk(overtaken)
    await desk.send(PHONE)
    async with desk.asking():
        await desk.ask_at(5)
    assert desk.history(PHONE) == ["accepted", "unknown"]
    assert desk.status(PHONE) == "delivered"


async def test_while_the_database_is_away_nobody_is_asked_and_then_it_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(found(MessageStatus.DELIVERED))
    await desk.send(PHONE)
    with caplog.at_level(logging.WARNING):
        async with desk.asking():
            desk.outbox.away = True
            desk.clock.advance(5)
            await asyncio.sleep(0.01)
            assert desk.lookup.asked == []
            desk.outbox.away = False
            await until(lambda: desk.status(PHONE) == "delivered")
    assert "look-ups at smscru not done, trying again" in caplog.text


async def test_an_answer_that_could_not_be_written_is_asked_for_again() -> None:
    desk = Desk(found(MessageStatus.DELIVERED))
    await desk.send(PHONE)
    desk.outbox.settles_away = desk.outbox.settles + 1
    async with desk.asking():
        desk.clock.advance(5)
        await until(lambda: desk.lookup.asked)
        await asyncio.sleep(0.01)
        assert desk.status(PHONE) == "unknown"
        desk.clock.advance(60)
        await until(lambda: desk.status(PHONE) == "delivered")
    assert desk.submitted() == [PHONE]


async def test_what_has_a_final_answer_is_never_asked_about() -> None:
    desk = Desk(provider=lambda _: Rejected(reason=RejectReason.RECIPIENT))
    await desk.send(PHONE, OTHER)
    async with desk.asking():
        await desk.leave_alone()
    assert desk.lookup.asked == []


async def test_an_error_nobody_foresaw_does_not_end_the_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(found(MessageStatus.DELIVERED))
    await desk.send(PHONE)
    break_first(monkeypatch, "settle")
    async with desk.asking():
        for _ in range(20):
            desk.clock.advance(60)
            await asyncio.sleep(0.002)
    assert desk.status(PHONE) == "delivered"
