"""Retention goes by its rules in turn, in steps that stay short."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.errors import StorageUnavailableError
from application.ports.retention import Cutoff, Step
from application.retention import (
    EVERY_S,
    FIRST,
    LEAST,
    LONG_S,
    MOST,
    SHARE,
    Retention,
    Rule,
    cutoff,
    next_size,
    pause_s,
)
from tests.fakes import NOW, FixedClock

DAY = timedelta(days=1)
sizes = st.integers(LEAST, MOST)
lengths = st.floats(0, 10)


@dataclass
class Scripted:
    """Removes what it is told to, step by step."""

    steps: list[Step | Exception]
    asked: list[tuple[Cutoff, int]] = field(default_factory=list)

    async def step(self, cutoff: Cutoff, limit: int) -> Step:
        self.asked.append((cutoff, limit))
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


MORE, END = Step(10, 0.0, more=True), Step(3, 0.0, more=False)


async def test_one_rule_after_the_other_is_gone_by_and_then_it_rests() -> None:
    first, second = Scripted([MORE, END, END]), Scripted([END])
    rules = [Rule("texts", first, DAY), Rule("messages", second, 9 * DAY)]
    retention = Retention(rules, FixedClock())
    for expected in [(1, 0), (2, 0)]:
        assert await retention.once() < 1
        assert (len(first.asked), len(second.asked)) == expected
    assert await retention.once() == EVERY_S
    assert len(second.asked) == 1
    assert await retention.once() < 1
    assert len(first.asked) == 3


async def test_what_is_old_is_reckoned_from_the_present() -> None:
    remover, clock = Scripted([MORE, END]), FixedClock()
    retention = Retention([Rule("texts", remover, DAY)], clock)
    await retention.once()
    clock.advance(3600)
    await retention.once()
    later = NOW + timedelta(hours=1)
    assert [asked.before for asked, _ in remover.asked] == [NOW - DAY, later - DAY]


async def test_a_long_step_makes_the_next_one_smaller_for_its_own_rule_alone() -> None:
    long = Step(200, 2 * LONG_S, more=True)
    first, second = Scripted([long, END, END]), Scripted([END])
    rules = [Rule("texts", first, DAY), Rule("messages", second, DAY)]
    retention = Retention(rules, FixedClock())
    assert await retention.once() >= 2 * LONG_S * SHARE
    await retention.once()
    await retention.once()
    assert [limit for _, limit in first.asked] == [FIRST, FIRST // 2]
    assert [limit for _, limit in second.asked] == [FIRST]


async def test_a_step_that_failed_is_tried_again() -> None:
    remover = Scripted([StorageUnavailableError("away"), END])
    retention = Retention([Rule("texts", remover, DAY)], FixedClock())
    with pytest.raises(StorageUnavailableError):
        await retention.once()
    assert await retention.once() == EVERY_S


@given(size=sizes, held_s=lengths)
def test_a_step_grows_only_after_a_short_one_and_has_bounds(size: int, held_s: float) -> None:
    after = next_size(size, held_s)
    assert LEAST <= after <= MOST
    assert size // 2 <= after <= size * 1.25 + 1
    assert after <= size or held_s < LONG_S
    assert after >= size or held_s > LONG_S


@given(
    per_row_s=st.floats(1e-6, LONG_S / LEAST / 2), always_s=st.floats(0, LONG_S / 2), first=sizes
)
def test_sizes_settle_where_a_step_is_short_wherever_they_begin(
    per_row_s: float, always_s: float, first: int
) -> None:
    def held_s(size: int) -> float:
        return always_s + size * per_row_s

    size = first
    for _ in range(50):
        size = next_size(size, held_s(size))
    assert held_s(size) <= LONG_S * 1.25
    assert size == MOST or held_s(size) >= LONG_S * 0.75


@given(held_s=lengths)
def test_most_of_the_time_belongs_to_others(held_s: float) -> None:
    assert pause_s(held_s) >= held_s * SHARE
    assert pause_s(held_s) > 0


@given(days=st.integers(1, 3_650))
def test_where_the_end_is_not_known_nothing_is_old_before_three_days(days: int) -> None:
    found = cutoff(NOW, timedelta(days=days))
    assert found.before == NOW - timedelta(days=days)
    assert found.unheard_before == min(found.before, NOW - 3 * DAY)
