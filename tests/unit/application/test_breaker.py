"""Nobody keeps calling a provider that does not answer; one tries whether it does again."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from application.breaker import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MIN_SAMPLE,
    SAMPLE,
    SAMPLE_AGE_S,
    THROTTLED_S,
    Breakers,
)
from application.errors import StorageUnavailableError
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from tests.fakes import FixedClock, MemoryProviderStates

CODE = "smscru"
WELL = Accepted("1")
DOWN = Unavailable(kind=UnavailableKind.NETWORK)
LOST = Unconfirmed("no answer")
BAD = [DOWN, LOST, Unavailable(kind=UnavailableKind.TEMPORARY)]
PARKED = [UnavailableKind.NO_MONEY, UnavailableKind.CREDENTIALS]


class Deployment:
    """Processes that share what is known of the providers."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.states = MemoryProviderStates(self.clock)
        self.breakers = self.another()

    def another(self) -> Breakers:
        return Breakers(self.states, self.clock)

    async def observe(self, *outcomes: SubmitOutcome, probe: bool = False) -> None:
        """Have outcomes that were begun just now."""
        for outcome in outcomes:
            await self.breakers.observe(CODE, outcome, started=self.clock.seconds, probe=probe)

    async def pass_(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.breakers.refresh()

    @property
    def open(self) -> bool:
        return self.breakers.state(CODE).open


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


async def test_a_provider_nobody_knows_anything_of_gives_no_trouble(deployment: Deployment) -> None:
    assert not deployment.open
    assert deployment.breakers.open() == frozenset()
    assert deployment.breakers.paused_s(CODE) == 0.0
    assert not await deployment.breakers.may_probe(CODE, 45)


@pytest.mark.parametrize("bad", BAD)
async def test_a_few_bad_outcomes_prove_nothing(deployment: Deployment, bad: SubmitOutcome) -> None:
    await deployment.observe(*[bad] * (MIN_SAMPLE - 1))
    assert not deployment.open
    await deployment.observe(bad)
    assert deployment.open
    assert deployment.breakers.open() == {CODE}
    assert deployment.breakers.state(CODE).retry_s == FIRST_PAUSE_S


@pytest.mark.parametrize(
    ("outcomes", "opens"),
    [
        ([WELL] * 6 + [DOWN] * 5, False),
        ([WELL] * 6 + [DOWN] * 6, True),
        ([WELL] * 20 + [DOWN] * 9, False),
        ([WELL] * 20 + [DOWN] * 10, True),
        ([DOWN] * 9 + [WELL] * 12, False),
    ],
)
async def test_it_is_half_of_the_latest_that_counts(
    deployment: Deployment, outcomes: Sequence[SubmitOutcome], *, opens: bool
) -> None:
    await deployment.observe(*outcomes)
    assert deployment.open is opens


async def test_no_more_than_the_latest_are_looked_at(deployment: Deployment) -> None:
    await deployment.observe(*[WELL] * 1000, *[DOWN] * (SAMPLE // 2))
    assert deployment.open


async def test_what_is_long_ago_is_forgotten(deployment: Deployment) -> None:
    await deployment.observe(*[DOWN] * (MIN_SAMPLE - 1))
    await deployment.pass_(SAMPLE_AGE_S)
    await deployment.observe(DOWN)
    assert not deployment.open


async def test_a_refused_message_speaks_for_the_provider(deployment: Deployment) -> None:
    await deployment.observe(*[Rejected(reason=RejectReason.RECIPIENT)] * 100)
    assert not deployment.open


async def test_a_sender_that_may_not_be_used_says_nothing_about_the_provider(
    deployment: Deployment,
) -> None:
    await deployment.observe(*[Unavailable(kind=UnavailableKind.CONFIGURATION)] * 100)
    assert not deployment.open


@pytest.mark.parametrize("kind", PARKED)
async def test_without_money_or_credentials_one_answer_is_enough(
    deployment: Deployment, kind: UnavailableKind
) -> None:
    await deployment.observe(*[WELL] * 20, Unavailable(kind=kind))
    assert deployment.open
    assert deployment.breakers.state(CODE).reason == kind


async def test_answers_that_come_in_while_it_is_open_do_not_open_it_further(
    deployment: Deployment,
) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.observe(*[DOWN] * 30, Unavailable(kind=UnavailableKind.NO_MONEY))
    assert deployment.breakers.state(CODE).trips == 1


# A provider that asks to be left alone.


@pytest.mark.parametrize(("asked", "seconds"), [(None, THROTTLED_S), (30.0, 30.0)])
async def test_one_that_throttles_is_left_alone_for_as_long_as_it_asks(
    deployment: Deployment, asked: float | None, seconds: float
) -> None:
    await deployment.observe(Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=asked))
    assert deployment.breakers.paused_s(CODE) == seconds
    deployment.clock.advance(seconds - 1)
    assert deployment.breakers.paused_s(CODE) == pytest.approx(1.0)
    deployment.clock.advance(2)
    assert deployment.breakers.paused_s(CODE) == 0.0
    assert not deployment.open


async def test_throttling_never_opens_a_circuit(deployment: Deployment) -> None:
    await deployment.observe(*[Unavailable(kind=UnavailableKind.THROTTLED)] * 100)
    assert not deployment.open


async def test_a_longer_pause_stands(deployment: Deployment) -> None:
    long = Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=60)
    await deployment.observe(long, Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=2))
    assert deployment.breakers.paused_s(CODE) == 60


# The way back.


async def test_nobody_tries_before_its_time(deployment: Deployment) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    deployment.clock.advance(FIRST_PAUSE_S - 1)
    assert not await deployment.breakers.may_probe(CODE, 45)
    deployment.clock.advance(1)
    assert await deployment.breakers.may_probe(CODE, 45)


@pytest.mark.parametrize("good", [WELL, Rejected(reason=RejectReason.CONTENT)])
async def test_a_probe_that_is_answered_closes_the_circuit(
    deployment: Deployment, good: SubmitOutcome
) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.pass_(FIRST_PAUSE_S)
    assert await deployment.breakers.may_probe(CODE, 45)
    await deployment.observe(good, probe=True)
    assert not deployment.open
    assert deployment.breakers.state(CODE).trips == 0


async def test_what_went_wrong_before_is_forgotten_once_it_is_closed(
    deployment: Deployment,
) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.pass_(FIRST_PAUSE_S)
    await deployment.observe(WELL, *[DOWN] * (MIN_SAMPLE - 1))
    assert not deployment.open


async def test_a_success_that_was_under_way_when_it_opened_does_not_close_it(
    deployment: Deployment,
) -> None:
    started = deployment.clock.seconds
    deployment.clock.advance(1)
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    deployment.clock.advance(1)
    await deployment.breakers.observe(CODE, WELL, started=started)
    assert deployment.open


async def test_refreshing_does_not_make_an_opening_look_younger(deployment: Deployment) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.pass_(2)
    started = deployment.clock.seconds
    await deployment.pass_(2)
    await deployment.breakers.observe(CODE, WELL, started=started)
    assert not deployment.open


@pytest.mark.parametrize("bad", [*BAD, Unavailable(kind=UnavailableKind.CONFIGURATION)])
async def test_every_probe_that_fails_keeps_it_open_twice_as_long(
    deployment: Deployment, bad: SubmitOutcome
) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    pauses = []
    for _ in range(7):
        retry_s = deployment.breakers.state(CODE).retry_s
        assert retry_s is not None
        pauses.append(retry_s)
        await deployment.pass_(retry_s)
        assert await deployment.breakers.may_probe(CODE, 45)
        await deployment.observe(bad, probe=True)
    assert pauses == [10, 20, 40, 80, 160, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


async def test_after_a_success_the_pauses_begin_anew(deployment: Deployment) -> None:
    for _ in range(2):
        await deployment.observe(*[DOWN] * MIN_SAMPLE)
        assert deployment.breakers.state(CODE).retry_s == FIRST_PAUSE_S
        await deployment.pass_(FIRST_PAUSE_S)
        await deployment.observe(WELL, probe=True)


# Several processes.


async def test_what_one_process_finds_the_others_know(deployment: Deployment) -> None:
    other = deployment.another()
    await deployment.observe(Unavailable(kind=UnavailableKind.NO_MONEY))
    await deployment.breakers.observe(
        "twilio", Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=9), started=0
    )
    assert not other.state(CODE).open
    await other.refresh()
    assert other.open() == {CODE}
    assert other.paused_s("twilio") == 9
    await other.observe(CODE, WELL, started=deployment.clock.seconds)
    await deployment.breakers.refresh()
    assert not deployment.open


async def test_what_is_known_survives_a_restart(deployment: Deployment) -> None:
    await deployment.observe(Unavailable(kind=UnavailableKind.CREDENTIALS))
    await deployment.pass_(FIRST_PAUSE_S)
    await deployment.observe(DOWN, probe=True)
    restarted = deployment.another()
    await restarted.refresh()
    assert (restarted.state(CODE).trips, restarted.state(CODE).retry_s) == (2, 20)


async def test_exactly_one_of_all_processes_probes(deployment: Deployment) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    processes = [deployment.breakers, *(deployment.another() for _ in range(4))]
    await asyncio.gather(*(process.refresh() for process in processes))
    deployment.clock.advance(FIRST_PAUSE_S)
    asked = [process.may_probe(CODE, 45) for process in processes * 3]
    assert sorted(await asyncio.gather(*asked)) == [False] * 14 + [True]


async def test_the_right_of_a_process_that_died_goes_to_the_next(deployment: Deployment) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.pass_(FIRST_PAUSE_S)
    assert await deployment.breakers.may_probe(CODE, 45)
    await deployment.pass_(44)
    assert not await deployment.breakers.may_probe(CODE, 45)
    await deployment.pass_(1)
    assert await deployment.breakers.may_probe(CODE, 45)


async def test_several_processes_that_open_it_together_agree(deployment: Deployment) -> None:
    other = deployment.another()
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    for _ in range(MIN_SAMPLE):
        await other.observe(CODE, DOWN, started=deployment.clock.seconds)
    await deployment.breakers.refresh()
    assert deployment.breakers.open() == other.open() == {CODE}
    assert deployment.breakers.state(CODE) == other.state(CODE)


# The database away.


@pytest.mark.parametrize(
    "outcome",
    [
        Unavailable(kind=UnavailableKind.NO_MONEY),
        Unavailable(kind=UnavailableKind.THROTTLED),
        LOST,
    ],
)
async def test_a_database_that_is_away_never_spoils_an_outcome(
    deployment: Deployment, outcome: SubmitOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.states.away = True
    with caplog.at_level(logging.WARNING):
        await deployment.observe(*[outcome] * MIN_SAMPLE)
    assert "state of smscru not written" in caplog.text
    deployment.states.away = False
    await deployment.observe(outcome)
    assert deployment.open or deployment.breakers.paused_s(CODE)


async def test_a_circuit_that_could_not_be_closed_is_closed_by_the_next_success(
    deployment: Deployment,
) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.pass_(FIRST_PAUSE_S)
    deployment.states.away = True
    await deployment.observe(WELL, probe=True)
    assert deployment.open
    deployment.states.away = False
    await deployment.observe(WELL)
    assert not deployment.open


async def test_who_asks_is_told_that_the_database_is_away(deployment: Deployment) -> None:
    await deployment.observe(*[DOWN] * MIN_SAMPLE)
    await deployment.pass_(FIRST_PAUSE_S)
    deployment.states.away = True
    with pytest.raises(StorageUnavailableError):
        await deployment.breakers.refresh()
    with pytest.raises(StorageUnavailableError):
        await deployment.breakers.may_probe(CODE, 45)
    assert deployment.open


async def test_an_operator_reads_why_a_circuit_opened_and_when_it_closed(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await deployment.observe(Unavailable(kind=UnavailableKind.NO_MONEY, text="+77011234567"))
        await deployment.pass_(FIRST_PAUSE_S)
        await deployment.observe(WELL, probe=True)
    assert "circuit of smscru open: provider_no_money; trying again in 10 s" in caplog.text
    assert "circuit of smscru closed" in caplog.text
    assert "77011234567" not in caplog.text
