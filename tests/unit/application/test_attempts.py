"""A message that is on disk as sending is handed over once; failures come back as answers."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from application.attempts import Answer
from application.ports.outbox import Lease, NewMessage
from domain.event import EventName
from domain.message import Message
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from domain.segments import count_segments
from tests.contracts.messages import NOW, a_message
from tests.fakes import CountingIds
from tests.unit.application.gateway import PHONE, Gateway, accepting, turns, until
from tests.unit.application.trouble import DefectError

REFUSED = Rejected(reason=RejectReason.SENDER, provider_code="7", text="Invalid From")


class Desk(Gateway):
    """One message that is on disk as sending, and a lease on it."""

    def __init__(self, answer: Callable[[Message], SubmitOutcome] = accepting) -> None:
        super().__init__(answer)
        self.message = a_message(provider="smscru")
        self.lease = Lease(self.message.id, CountingIds().new(), 45)

    async def write(self) -> None:
        new = NewMessage(self.message, count_segments(self.message.text), self.lease)
        await self.outbox.accept([new])

    async def make(self, *, within_s: float = 10, probe: bool = False) -> Answer:
        return await self.attempts.make(
            self.message,
            self.lease,
            self.carriers["smscru"],
            deadline=self.clock.boot() + within_s,
            probe=probe,
        )

    async def begin(self) -> asyncio.Task[Answer]:
        """Hand the message over to a provider that does not answer yet."""
        await self.write()
        self.provider.gate.clear()
        making = asyncio.create_task(self.make())
        await until(lambda: self.provider.submitted)
        return making


@pytest.mark.parametrize(
    "outcome",
    [Accepted("SM1"), REFUSED, Unavailable(kind=UnavailableKind.NETWORK), Unconfirmed("silence")],
)
async def test_what_the_provider_says_is_the_answer(outcome: SubmitOutcome) -> None:
    desk = Desk(lambda _: outcome)
    answer = await desk.make()
    assert (answer.provider, answer.outcome, answer.at) == ("smscru", outcome, NOW)
    assert desk.provider.submitted == [desk.message]


async def test_the_answer_tells_how_long_it_took_and_when_it_came() -> None:
    def slow(_: Message) -> SubmitOutcome:
        desk.clock.advance(0.25)
        return Accepted("1")

    desk = Desk(slow)
    answer = await desk.make()
    assert (answer.duration_ms, answer.at) == (250, NOW + timedelta(seconds=0.25))


@pytest.mark.parametrize("late_s", [0, 0.1, 3600])
async def test_nothing_is_handed_over_when_its_time_has_run_out(late_s: float) -> None:
    desk = Desk()
    answer = await desk.make(within_s=-late_s)
    assert isinstance(answer.outcome, Unavailable)
    assert answer.outcome.kind is UnavailableKind.TEMPORARY
    assert desk.provider.submitted == []


async def test_what_is_not_handed_over_says_nothing_about_the_provider() -> None:
    desk = Desk()
    for _ in range(50):
        await desk.make(within_s=-1)
    assert desk.states.rows == {}


@pytest.mark.parametrize("probe", [False, True])
async def test_the_breaker_learns_from_every_attempt(*, probe: bool) -> None:
    desk = Desk(lambda _: Unavailable(kind=UnavailableKind.NETWORK))
    for _ in range(1 if probe else 10):
        await desk.make(probe=probe)
    await turns()
    assert desk.breakers.state("smscru").open


async def test_a_defect_of_an_adapter_leaves_the_outcome_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def defective(message: Message) -> SubmitOutcome:
        raise DefectError(message.recipient.e164, message.text)

    answer = await Desk(defective).make()
    assert isinstance(answer.outcome, Unconfirmed)
    assert "unforeseen DefectError in smscru" in caplog.text
    assert "in defective" in caplog.text
    assert PHONE not in caplog.text
    assert "Код" not in caplog.text


# The end.


async def test_who_is_cut_off_does_not_know_the_outcome_and_says_so() -> None:
    desk = Desk()
    making = await desk.begin()
    desk.attempts.cut_off()
    answer = await making
    assert isinstance(answer.outcome, Unconfirmed)
    assert "stopped before the provider answered" in answer.outcome.text


async def test_who_is_cut_off_can_go_on_as_if_nobody_had_cancelled_it() -> None:
    async def whole() -> int:
        await desk.make()
        for _ in range(3):
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await asyncio.sleep(0)
        task = asyncio.current_task()
        return -1 if task is None else task.cancelling()

    desk = Desk()
    desk.provider.gate.clear()
    making = asyncio.create_task(whole())
    await until(lambda: desk.provider.submitted)
    desk.attempts.cut_off()
    assert await making == 0


async def test_nothing_begins_after_the_cut() -> None:
    desk = Desk()
    desk.attempts.cut_off()
    answer = await desk.make()
    assert isinstance(answer.outcome, Unavailable)
    assert "stopping" in answer.outcome.text
    assert desk.provider.submitted == []


async def test_what_ended_before_the_cut_is_not_touched() -> None:
    desk = Desk()
    answer = await desk.make()
    desk.attempts.cut_off()
    await turns(3)
    assert answer.outcome == Accepted("1")


async def test_the_cut_says_nothing_about_the_provider() -> None:
    desk = Desk()
    desk.provider.gate.clear()
    making = [asyncio.create_task(desk.make()) for _ in range(20)]
    await until(lambda: len(desk.provider.submitted) == 20)
    desk.attempts.cut_off()
    await asyncio.gather(*making)
    assert not desk.breakers.state("smscru").open


async def test_whose_caller_goes_away_is_in_doubt_and_looked_up() -> None:
    desk = Desk()
    making = await desk.begin()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    await desk.settler.close(5)
    (row,) = desk.outbox.rows.values()
    assert row.message.status == "unknown"
    assert row.lookup_at == NOW + timedelta(seconds=5)


# What is written.


@pytest.mark.parametrize(
    ("outcome", "status", "names"),
    [
        (Accepted("SM1"), "submitted", ["submitted"]),
        (Accepted("SM1", delivered=True), "delivered", ["submitted", "delivered"]),
        (REFUSED, "rejected", ["rejected"]),
        (Unavailable(kind=UnavailableKind.NETWORK), "failed", ["failed"]),
        (Unconfirmed("silence"), "unknown", ["unknown"]),
    ],
)
async def test_every_outcome_has_its_state_and_its_lines(
    outcome: SubmitOutcome, status: str, names: list[str]
) -> None:
    desk = Desk()
    settlement = desk.attempts.final(desk.message, desk.lease, Answer("smscru", outcome, NOW, 250))
    assert settlement.message.status == status
    assert [event.name for event in settlement.events] == names
    assert settlement.events[0].duration_ms == 250
    assert {event.provider for event in settlement.events} == {"smscru"}
    assert (settlement.lease, settlement.renewed) == (desk.lease, None)


async def test_an_unknown_outcome_is_first_asked_about_after_the_first_delay() -> None:
    desk = Desk()
    answer = Answer("smscru", Unconfirmed("silence"), NOW, 0)
    assert desk.attempts.final(desk.message, desk.lease, answer).wait_s == 5


async def test_lines_that_were_not_written_yet_go_first() -> None:
    desk = Desk()
    earlier = Answer("twilio", REFUSED, NOW, 1).event(EventName.DEFERRED)
    answer = Answer("smscru", Accepted("1"), NOW, 0)
    settlement = desk.attempts.final(desk.message, desk.lease, answer, (earlier,))
    assert [event.name for event in settlement.events] == ["deferred", "submitted"]


@pytest.mark.parametrize(
    ("outcome", "then", "text"),
    [
        (REFUSED, "", "Invalid From"),
        (REFUSED, "twilio is tried", "Invalid From; twilio is tried"),
        (Unavailable(kind=UnavailableKind.NETWORK), "twilio is tried", "twilio is tried"),
        (Accepted("1"), "", ""),
    ],
)
def test_a_line_tells_what_was_heard_and_what_follows(
    outcome: SubmitOutcome, then: str, text: str
) -> None:
    event = Answer("smscru", outcome, NOW, 3).event(EventName.DEFERRED, then)
    assert (event.text, event.provider, event.at, event.duration_ms) == (text, "smscru", NOW, 3)
    code = None if isinstance(outcome, Accepted) else outcome.provider_code
    assert event.provider_code == code


async def test_no_answer_of_ours_shows_a_number(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    making = await desk.begin()
    with caplog.at_level(logging.DEBUG):
        desk.attempts.cut_off()
        answer = await making
    assert desk.message.recipient.msisdn not in caplog.text + repr(answer)
