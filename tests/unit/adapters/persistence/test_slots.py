"""Slots at a provider's rate."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.persistence.slots import LONG_AGO, Pace

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
spacings = st.floats(0.001, 60)
horizons = st.floats(0, 5)
leads = st.floats(0, 100)


def pace(next_s: float, spacing_s: float, patience_s: float = 0.0) -> Pace:
    return Pace.of(NOW + timedelta(seconds=next_s), NOW, spacing_s, patience_s)


def test_idle_time_is_not_saved_up() -> None:
    assert Pace.of(LONG_AGO, NOW, 1, 0).next_s == 0


def test_without_a_limit_every_slot_is_now() -> None:
    free = pace(60, 0)
    assert (free.within(0.2), free.until(0.2), free.start_in(9)) == (math.inf, 0, 0)


@pytest.mark.parametrize(
    ("spacing_s", "next_s", "count"),
    [(0.1, 0, 3), (0.1, 0.15, 1), (0.1, 0.2, 1), (0.1, 0.21, 0), (20, 0, 1), (20, 0.3, 0)],
)
def test_the_slots_that_begin_within_the_horizon_are_counted(
    spacing_s: float, next_s: float, count: int
) -> None:
    assert pace(next_s, spacing_s).within(0.2) == count


def test_a_clock_that_was_set_back_stops_nobody() -> None:
    assert pace(3600, 1).next_s == 0
    assert pace(100, 1).next_s == 100


def test_who_has_the_patience_sees_slots_far_away() -> None:
    assert pace(3600, 1, patience_s=7200).next_s == 3600


@given(next_s=leads, spacing_s=spacings, horizon_s=horizons)
def test_there_is_a_slot_when_it_was_said_that_there_would_be(
    next_s: float, spacing_s: float, horizon_s: float
) -> None:
    now = pace(next_s, spacing_s)
    then = NOW + timedelta(seconds=now.until(horizon_s))
    later = Pace.of(now.tat, then, spacing_s, horizon_s)
    assert later.within(horizon_s + 1e-5) >= 1
    assert now.until(horizon_s) <= now.next_s


@given(next_s=leads, spacing_s=spacings, taken=st.integers(0, 100))
def test_what_was_taken_is_not_given_again(next_s: float, spacing_s: float, taken: int) -> None:
    before = pace(next_s, spacing_s)
    after = before.after(taken)
    assert after.start_in(0) == before.start_in(taken)
    assert after.tat - before.tat == pytest.approx(
        timedelta(seconds=taken * spacing_s), abs=timedelta(microseconds=2)
    )
