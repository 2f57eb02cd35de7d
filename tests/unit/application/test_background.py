"""Everything that runs without being asked to, and how all of it ends."""

import asyncio
from collections.abc import Sequence

import pytest

from application import loops, pump, reconciler, upkeep
from application.background import CUT_OFF_SHARE, Background
from application.errors import StorageUnavailableError
from application.ports.outbox import Claim, Claimed, ClaimRequest, SweepReport
from application.pump import Pump
from application.reconciler import Patience, Reconciler
from domain.lookup import Attempt, Found, Lookup
from domain.message import MessageStatus
from domain.outcome import Unconfirmed
from tests.fakes import MemoryMessages, MemoryOutbox
from tests.fakes.receipts import MemoryReceiptLog
from tests.unit.application.gateway import (
    OTHER,
    PHONE,
    Answering,
    Gateway,
    accepting,
    phones,
    until,
)


class Delivering:
    """A provider that knows every message."""

    async def find(self, attempt: Attempt) -> Lookup:
        del attempt
        return Found(status=MessageStatus.DELIVERED)


class Counting:
    """A loop that goes on until it is cancelled."""

    rounds = 0

    async def run(self) -> None:
        while True:
            self.rounds += 1
            await asyncio.sleep(0.001)


class Process(Gateway):
    """A gateway with all that runs beside it."""

    def __init__(
        self, answer: Answering = accepting, *, concurrency: int = 3, stop_within_s: float = 3600
    ) -> None:
        super().__init__(answer, concurrency=concurrency)
        self.loop = Counting()
        carriers = self.carriers.values()
        messages = MemoryMessages(self.outbox)
        self.background = Background(
            [Pump(carrier, self.tools) for carrier in carriers],
            [
                Reconciler(
                    carrier,
                    Delivering(),
                    self.outbox,
                    messages,
                    MemoryReceiptLog(self.outbox),
                    self.clock,
                    Patience((5, 30)),
                )
                for carrier in carriers
            ],
            self.upkeep,
            self.attempts,
            self.settler,
            stop_within_s=stop_within_s,
            loops=[self.loop],
        )

    async def close(self) -> None:
        async with asyncio.timeout(30):
            await self.background.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "POLL_S", 0.001)
    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.001)
    monkeypatch.setattr(reconciler, "EVERY_S", 0.001)
    monkeypatch.setattr(upkeep, "EVERY_S", 0.001)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database is asked for, in order."""
    made: list[str] = []
    sweep, claim, doubts = MemoryOutbox.sweep, MemoryOutbox.claim, MemoryOutbox.claim_doubts

    async def swept(outbox: MemoryOutbox) -> SweepReport:
        made.append("sweep")
        report = await sweep(outbox)
        made.append("swept")
        return report

    async def claimed(outbox: MemoryOutbox, want: ClaimRequest) -> Claim:
        made.append("claim")
        return await claim(outbox, want)

    async def doubted(outbox: MemoryOutbox, want: ClaimRequest) -> Sequence[Claimed]:
        made.append("claim_doubts")
        return await doubts(outbox, want)

    monkeypatch.setattr(MemoryOutbox, "sweep", swept)
    monkeypatch.setattr(MemoryOutbox, "claim", claimed)
    monkeypatch.setattr(MemoryOutbox, "claim_doubts", doubted)
    return made


async def test_what_an_earlier_start_has_left_is_taken_over_before_anything_is_claimed(
    calls: list[str],
) -> None:
    process = Process()
    await process.background.start()
    await until(lambda: {"claim", "claim_doubts"} <= {*calls})
    await process.close()
    assert calls[:2] == ["sweep", "swept"]


async def test_all_of_it_goes_on_until_the_end(calls: list[str]) -> None:
    process = Process()
    await process.background.start()
    await until(lambda: min(map(calls.count, ("sweep", "claim_doubts"))) >= 5)
    await until(lambda: process.loop.rounds >= 5)
    await process.queue(PHONE)
    await until(lambda: process.status(PHONE) == "submitted")
    await process.close()
    made = len(calls), process.loop.rounds
    await asyncio.sleep(0.01)
    assert (len(calls), process.loop.rounds) == made


async def test_a_message_is_sent_lost_and_found_without_anybody_asking() -> None:
    process = Process(lambda _: Unconfirmed("silence"))
    await process.background.start()
    await process.queue(PHONE)
    await until(lambda: process.status(PHONE) == "unknown")
    process.clock.advance(5)
    await until(lambda: process.status(PHONE) == "delivered")
    await process.close()
    assert process.submitted() == [PHONE]


async def test_it_does_not_start_without_its_database(calls: list[str]) -> None:
    process = Process()
    process.outbox.away = True
    with pytest.raises(StorageUnavailableError):
        await process.background.start()
    await process.close()
    assert calls == ["sweep"]


async def test_who_was_told_to_stop_says_so_and_begins_nothing_new() -> None:
    process = Process()
    await process.background.start()
    assert not process.background.stopping
    process.background.stop()
    process.background.stop()
    assert process.background.stopping
    await process.queue(PHONE)
    await asyncio.sleep(0.01)
    await process.close()
    assert (process.submitted(), process.status(PHONE)) == ([], "queued")


async def test_what_is_under_way_has_time_to_end() -> None:
    process = Process(concurrency=2)
    process.provider.gate.clear()
    await process.queue(*phones(4))
    await process.background.start()
    await until(lambda: len(process.provider.submitted) == 2)
    process.background.stop()
    closing = asyncio.create_task(process.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    process.provider.gate.set()
    await closing
    assert process.statuses(phones(4)) == ["submitted"] * 2 + ["queued"] * 2


async def test_what_takes_too_long_is_cut_off_and_settled() -> None:
    process = Process(concurrency=2, stop_within_s=0.02)
    process.provider.gate.clear()
    await process.queue(*phones(4))
    await process.background.start()
    await until(lambda: len(process.provider.submitted) == 2)
    await process.close()
    assert process.statuses(phones(4)) == ["unknown"] * 2 + ["queued"] * 2


async def test_callers_who_wait_get_their_answer_in_time() -> None:
    process = Process(stop_within_s=0.02)
    await process.background.start()
    sending = await process.start(PHONE, OTHER)
    process.background.stop()
    report = await asyncio.wait_for(sending, 30)
    await process.close()
    assert report.failure_code == "unconfirmed"
    assert process.statuses([PHONE, OTHER]) == ["unknown"] * 2


async def test_a_settlement_that_could_not_be_written_has_a_last_chance() -> None:
    process = Process()
    await process.background.start()
    process.outbox.settles_away = 1
    await process.send(PHONE)
    assert process.status(PHONE) == "sending"
    await process.close()
    assert process.status(PHONE) == "submitted"


async def test_it_can_be_closed_twice_and_without_a_start() -> None:
    process = Process()
    await process.close()
    await process.close()


def test_the_cut_leaves_time_for_the_answers() -> None:
    assert 0.5 <= CUT_OFF_SHARE < 0.85
