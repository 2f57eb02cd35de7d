"""Receipts on their way to their messages: applied, parked, confirmed, seen to, thrown away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from application import loops
from application import parked_receipts as module
from application.errors import StorageUnavailableError
from application.parked_receipts import LONGEST_S, ParkedReceipts
from application.ports.opt_outs import OptOut
from application.ports.providers import ReceiptSource
from application.receipt_questions import GIVE_UP_S, OneByOne
from application.receipts import RecordReceipt
from domain.lookup import Attempt, Found, Lookup, NoAnswer, NotFound
from domain.message import Message, MessageStatus
from domain.outcome import Accepted, SubmitOutcome, Unavailable, UnavailableKind, Unconfirmed
from domain.phone import Phone
from domain.receipt import Receipt
from tests.fakes import NOW
from tests.fakes.receipts import MemoryReceiptLog
from tests.unit.application.gateway import OTHER, PHONE, Gateway, phones, turns, until
from tests.unit.application.receipt_source import Answering, ScriptedSource, delivered
from tests.unit.application.trouble import DefectError

S = MessageStatus
HOUR_S = 3600.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.001)
    monkeypatch.setattr(module, "SPACING_S", 0.0)


class Desk(Gateway):
    """A gateway that hears receipts.

    Attributes:
        outcome: what submissions come to.
    """

    def __init__(self, answer: Answering = delivered, *, batch: int = 1) -> None:
        self.outcome: SubmitOutcome = Accepted("SM1")
        super().__init__(lambda _: self.outcome, spares={"twilio": lambda _: self.outcome})
        self.source = ScriptedSource(answer, batch)
        self.log = MemoryReceiptLog(self.outbox)
        self.record = RecordReceipt(self.log)

    @asynccontextmanager
    async def working(self, **others: ReceiptSource) -> AsyncIterator[None]:
        sources = {"smscru": self.source, **others}
        parked = ParkedReceipts(self.log, sources, self.states, self.consent, self.clock)
        running = asyncio.create_task(parked.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def say(self, status: MessageStatus = S.DELIVERED, **more: Any) -> None:  # noqa: ANN401 - whatever a receipt has
        (message,) = [row.message for row in self.outbox.rows.values()]
        await self.say_of(message, status, **more)

    async def say_of(self, message: Message, status: MessageStatus, **more: Any) -> None:  # noqa: ANN401 - as above
        said: dict[str, Any] = {
            "provider": "smscru",
            "status": status,
            "at": self.clock.now(),
            "message_id": message.id,
            "provider_code": "1",
            "text": "as it was said",
        }
        await self.record(Receipt(**(said | more)))

    async def emptied(self) -> None:
        """Wait until nothing is parked any more."""
        await until(lambda: not self.log.parked)

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, and the others do what they can do then."""
        self.clock.advance(seconds)
        await asyncio.sleep(0.005)
        await turns()

    def due_in_s(self) -> float:
        """Return when the one receipt that is parked is tried again."""
        ((_, due_at),) = self.log.parked.values()
        return (due_at - self.clock.now()).total_seconds()


async def test_a_receipt_is_on_disk_when_the_provider_is_told_so() -> None:
    desk = Desk()
    await desk.send(PHONE)
    await desk.say()
    assert desk.status(PHONE) == "delivered"
    assert desk.history(PHONE) == ["accepted", "submitted", "delivered"]


async def test_a_receipt_that_could_not_be_kept_is_to_be_repeated() -> None:
    desk = Desk()
    await desk.send(PHONE)
    desk.outbox.away = True
    with pytest.raises(StorageUnavailableError):
        await desk.say()
    desk.outbox.away = False
    await desk.say()
    assert desk.status(PHONE) == "delivered"


async def test_receipts_before_the_answers_are_all_matched() -> None:
    desk = Desk()
    sending = await desk.start(*phones(3))
    for row in [*desk.outbox.rows.values()]:
        for status in (S.SUBMITTED, S.DELIVERED):
            await desk.say_of(row.message, status)
    assert desk.statuses(phones(3)) == ["sending"] * 3
    async with desk.working():
        desk.provider.gate.set()
        await sending
        desk.clock.advance(1)
        await desk.emptied()
    for phone in phones(3):
        assert desk.history(phone) == ["accepted", "submitted", "delivered"]


async def test_a_receipt_by_a_name_nobody_knows_yet_is_matched_later() -> None:
    desk = Desk()
    await desk.record(Receipt(provider="smscru", status=S.DELIVERED, at=NOW, provider_id="SM1"))
    await desk.send(PHONE)
    async with desk.working():
        await desk.pass_by(1)
        await desk.emptied()
    assert desk.status(PHONE) == "delivered"


async def test_an_unmatched_receipt_is_tried_at_growing_intervals_and_thrown_away_after_72_hours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    message_id = uuid4()
    receipt = Receipt(provider="smscru", status=S.DELIVERED, at=NOW, message_id=message_id)
    await desk.record(receipt)
    assert desk.due_in_s() == 1
    waits: list[float] = []
    with caplog.at_level(logging.WARNING):
        async with desk.working():
            while desk.log.parked:
                await desk.pass_by(desk.due_in_s())
                if desk.log.parked:
                    waits.append(desk.due_in_s())
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == LONGEST_S
    assert waits == sorted(waits)
    assert (
        timedelta(0) <= desk.clock.now() - NOW - timedelta(seconds=GIVE_UP_S) < timedelta(hours=1)
    )
    assert f"a receipt of smscru about {message_id} is thrown away" in caplog.text


async def test_a_weak_receipt_nobody_knows_the_message_of_is_thrown_away_after_six_hours() -> None:
    desk = Desk()
    await desk.record(
        Receipt(provider="smscru", status=S.DELIVERED, at=NOW, provider_id="SM9", weak=True)
    )
    async with desk.working():
        for _ in range(5):
            await desk.pass_by(HOUR_S)
        assert desk.log.parked
        for _ in range(2):
            await desk.pass_by(HOUR_S)
        await desk.emptied()
    assert desk.source.asked == []


# Weak ones.


async def test_a_weak_receipt_counts_once_its_provider_confirms_it() -> None:
    desk = Desk(lambda _: Found(status=S.UNDELIVERABLE, provider_code="20", text="Absent"))
    await desk.send(PHONE)
    await desk.say(weak=True)
    assert desk.status(PHONE) == "submitted"
    async with desk.working():
        await desk.emptied()
    stored = desk.outbox.message(PHONE)
    assert stored.message.status == "undeliverable"
    event = stored.history[-1]
    assert (event.provider_code, event.text) == ("20", "Absent")
    ((asked,),) = desk.source.asked
    assert (asked.id, asked.provider_id) == (stored.message.id, "SM1")


@pytest.mark.parametrize(
    "lookup",
    [NotFound(), NoAnswer("no answer within 30 s"), Found(status=S.SUBMITTED)],
    ids=lambda lookup: type(lookup).__name__,
)
async def test_a_weak_receipt_nobody_confirms_never_counts(
    lookup: Lookup, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(lambda _: lookup)
    await desk.send(PHONE)
    await desk.say(weak=True)
    async with desk.working():
        while desk.log.parked:
            await desk.pass_by(max(1.0, desk.due_in_s()))
    assert desk.status(PHONE) == "submitted"
    assert desk.history(PHONE) == ["accepted", "submitted"]
    assert "it was never confirmed" in caplog.text
    assert PHONE not in caplog.text


async def test_a_weak_receipt_is_confirmed_as_soon_as_the_provider_knows_itself() -> None:
    answers: list[Lookup] = [Found(status=S.SUBMITTED), NotFound(), Found(status=S.DELIVERED)]
    desk = Desk(lambda _: answers.pop(0))
    await desk.send(PHONE)
    await desk.say(weak=True)
    async with desk.working():
        while desk.log.parked:
            await desk.pass_by(max(1.0, desk.due_in_s()))
    assert desk.status(PHONE) == "delivered"
    assert answers == []


async def test_a_weak_receipt_about_what_is_being_sent_waits_for_the_answer_first() -> None:
    desk = Desk()
    sending = await desk.start(PHONE)
    await desk.say(weak=True)
    async with desk.working():
        await desk.pass_by(2)
        assert desk.source.asked == []
        desk.provider.gate.set()
        await sending
        await desk.pass_by(5)
        await desk.emptied()
    assert desk.status(PHONE) == "delivered"


async def test_a_weak_receipt_about_a_lost_answer_is_asked_about_by_the_name_it_gave() -> None:
    desk = Desk()
    desk.outcome = Unconfirmed("no answer within 30 s")
    await desk.send(PHONE)
    await desk.say(weak=True, provider_id="SM7")
    async with desk.working():
        await desk.emptied()
    ((asked,),) = desk.source.asked
    assert asked.provider_id == "SM7"
    stored = desk.outbox.message(PHONE).message
    assert (stored.status, stored.provider_id) == ("delivered", "SM7")


async def test_many_weak_receipts_share_their_questions() -> None:
    desk = Desk(batch=3)
    await desk.send(*phones(7))
    for row in desk.outbox.rows.values():
        await desk.say_of(row.message, S.DELIVERED, weak=True)
    async with desk.working():
        await desk.emptied()
    assert sorted(map(len, desk.source.asked)) == [1, 3, 3]
    assert {*desk.statuses(phones(7))} == {"delivered"}


async def test_questions_about_weak_receipts_keep_to_the_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SPACING_S", 10.0)
    desk = Desk()
    await desk.send(*phones(5))
    for row in desk.outbox.rows.values():
        await desk.say_of(row.message, S.DELIVERED, weak=True)
    async with desk.working():
        await desk.pass_by(0)
        assert len(desk.source.asked) == 1
        for _ in range(30):
            await desk.pass_by(10)
    assert {*desk.statuses(phones(5))} == {"delivered"}


async def test_a_provider_is_left_alone_for_as_long_as_it_asks() -> None:
    desk = Desk(lambda _: NoAnswer("too many requests", retry_after_s=600))
    await desk.send(PHONE)
    await desk.say(weak=True)
    async with desk.working():
        await desk.pass_by(0)
        for _ in range(5):
            await desk.pass_by(100)
        assert len(desk.source.asked) == 1
        desk.source.answer = delivered
        for _ in range(10):
            await desk.pass_by(600)
    assert desk.status(PHONE) == "delivered"


async def test_a_weak_receipt_of_a_provider_that_cannot_be_asked_never_counts() -> None:
    desk = Desk()
    await desk.send(PHONE, provider="twilio")
    await desk.say(provider="twilio", weak=True)
    async with desk.working():
        for _ in range(80):
            await desk.pass_by(HOUR_S)
    assert desk.status(PHONE) == "submitted"
    assert not desk.log.parked


class SlowSource(ScriptedSource):
    """Answers when it may, unless it is cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.cut_off = 0

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        answers = await super().states(messages)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        return answers


async def test_a_slow_provider_holds_up_only_its_own_receipts() -> None:
    desk, slow = Desk(), SlowSource()
    await desk.send(*phones(2), provider="twilio")
    await desk.send(OTHER)
    first, second, other = [row.message for row in desk.outbox.rows.values()]
    await desk.say_of(first, S.DELIVERED, provider="twilio", weak=True)
    async with desk.working(twilio=slow):
        await until(lambda: slow.asked)
        await desk.say_of(second, S.DELIVERED, provider="twilio", weak=True)
        await desk.say_of(other, S.DELIVERED, weak=True)
        await until(lambda: desk.status(OTHER) == "delivered")
        await desk.pass_by(2)
        assert len(slow.asked) == 1
        slow.gate.set()
        while desk.log.parked:
            await desk.pass_by(2)
    assert [message.id for (message,) in slow.asked] == [first.id, second.id]
    assert desk.statuses(phones(2)) == ["delivered"] * 2


async def test_a_question_that_is_under_way_ends_with_the_loop() -> None:
    desk, slow = Desk(), SlowSource()
    await desk.send(PHONE, provider="twilio")
    await desk.say(provider="twilio", weak=True)
    async with desk.working(twilio=slow):
        await until(lambda: slow.asked)
        await turns()
    assert slow.cut_off == 1
    assert desk.log.parked


# Who wants nothing more.


async def test_who_wants_nothing_more_from_a_sender_is_remembered_and_the_receipt_counts() -> None:
    desk = Desk()
    await desk.send(PHONE, provider="twilio")
    await desk.say(S.UNDELIVERABLE, provider="twilio", opted_out=True, provider_code="21610")
    async with desk.working():
        await desk.emptied()
    (opt_out,) = desk.opt_outs.kept.values()
    assert opt_out == OptOut(
        phone=Phone(f"+{PHONE}"),
        provider="twilio",
        sender=None,
        created_at=NOW,
        provider_code="21610",
    )
    assert desk.status(PHONE) == "undeliverable"


async def test_who_wants_nothing_more_from_anybody_is_on_the_blacklist() -> None:
    desk = Desk()
    await desk.send(PHONE)
    await desk.say(S.UNDELIVERABLE, opted_out=True)
    async with desk.working():
        await desk.emptied()
    assert await desk.blacklist.find(Phone(f"+{PHONE}")) is not None
    assert desk.status(PHONE) == "undeliverable"


async def test_an_opt_out_counts_even_where_the_receipt_says_nothing_new() -> None:
    desk = Desk()
    await desk.send(PHONE, provider="twilio")
    await desk.say(S.UNDELIVERABLE, provider="twilio")
    await desk.say(S.UNDELIVERABLE, provider="twilio", opted_out=True)
    async with desk.working():
        await desk.emptied()
    assert len(desk.opt_outs.kept) == 1
    assert desk.history(PHONE) == ["accepted", "submitted", "undeliverable"]


# Trouble.


async def test_two_processes_see_to_each_receipt_once() -> None:
    desk = Desk()
    await desk.send(*phones(5))
    for row in desk.outbox.rows.values():
        await desk.say_of(row.message, S.DELIVERED, weak=True)
    async with desk.working(), desk.working():
        await desk.emptied()
    assert len(desk.source.asked) == 5


async def test_a_defect_in_an_answer_does_not_end_the_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def defective(message: Message) -> Lookup:
        raise DefectError(message.recipient.e164)

    desk = Desk(defective)
    await desk.send(PHONE)
    await desk.say(weak=True)
    async with desk.working():
        await desk.pass_by(0)
        await until(lambda: desk.source.asked)
        desk.source.answer = delivered
        await turns()
        await desk.pass_by(5)
        await desk.emptied()
    assert desk.status(PHONE) == "delivered"
    assert "unforeseen DefectError" in caplog.text
    assert PHONE not in caplog.text


async def test_one_receipt_that_cannot_be_seen_to_does_not_hold_up_the_others() -> None:
    desk = Desk()
    await desk.send(*phones(2))
    await desk.send(OTHER, provider="twilio")

    async def broken(opt_out: OptOut) -> None:
        raise DefectError(opt_out.phone.e164)

    desk.opt_outs.add = broken  # type: ignore[method-assign]  # a list that is out of order
    *others, last = [row.message for row in desk.outbox.rows.values()]
    await desk.say_of(last, S.UNDELIVERABLE, provider="twilio", opted_out=True)
    for message in others:
        await desk.say_of(message, S.DELIVERED, weak=True)
    async with desk.working():
        await until(lambda: len(desk.log.parked) == 1)
    assert desk.statuses([*phones(2), OTHER]) == ["delivered", "delivered", "submitted"]


async def test_while_the_database_is_away_nothing_is_done_and_then_it_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    await desk.send(PHONE)
    await desk.say(weak=True)
    with caplog.at_level(logging.WARNING):
        async with desk.working():
            desk.log.away = True
            await asyncio.sleep(0.01)
            desk.log.away = False
            await desk.pass_by(module.LEASE_S)
            await desk.emptied()
    assert desk.status(PHONE) == "delivered"
    assert "parked receipts not done, trying again" in caplog.text


async def test_what_waits_for_its_next_attempt_is_not_sent_again_once_its_receipt_is_there() -> (
    None
):
    desk = Desk()
    desk.outcome = Unavailable(kind=UnavailableKind.THROTTLED)
    async with desk.pumping():
        await desk.queue(PHONE)
        await until(lambda: desk.submitted() == [PHONE] and desk.status(PHONE) == "queued")
        await desk.say(S.SUBMITTED)
        desk.outcome = Accepted("SM1")
        await desk.pass_by(HOUR_S)
    assert desk.submitted() == [PHONE]
    assert desk.status(PHONE) == "submitted"


async def test_a_provider_without_a_question_for_many_is_asked_one_by_one() -> None:
    class Knowing:
        async def find(self, attempt: Attempt) -> Lookup:
            return Found(status=S.DELIVERED, text=f"{attempt.started_at:%H:%M}")

    desk = Desk()
    await desk.send(PHONE)
    message = desk.outbox.message(PHONE).message
    source = OneByOne(Knowing())
    assert source.batch == 1
    early = replace(message, attempted_at=None)
    assert await source.states([message, early]) == [Found(status=S.DELIVERED, text="06:34")] * 2
