"""When a message is sent, and until when that is worth while."""

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.schedule import FARTHEST_S, LONGEST_TTL_S, schedule
from application.send_command import SendCommand
from domain.errors import InvalidScheduleError
from tests.fakes import NOW

DEFAULT_S = 3600.0


def command(**more: Any) -> SendCommand:  # noqa: ANN401 - whatever a command has
    return SendCommand(phones=["77011234567"], text="Hi", **more)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_without_wishes_it_is_due_at_once_and_the_default_counts() -> None:
    times = schedule(command(), NOW, DEFAULT_S)
    assert (times.due_at, times.expires_at) == (None, NOW + seconds(DEFAULT_S))


@pytest.mark.parametrize("wish", [{"send_at": NOW + seconds(90)}, {"delay_s": 90}])
@pytest.mark.parametrize(("ttl_s", "lives_s"), [(None, DEFAULT_S), (60, 60)])
def test_the_time_to_live_begins_when_it_is_due(
    wish: dict[str, Any], ttl_s: float | None, lives_s: float
) -> None:
    times = schedule(command(ttl_s=ttl_s, **wish), NOW, DEFAULT_S)
    assert times.due_at == NOW + seconds(90)
    assert times.expires_at == NOW + seconds(90 + lives_s)


@pytest.mark.parametrize(
    "wish", [{"send_at": NOW}, {"send_at": NOW - seconds(90)}, {"delay_s": 0}, {"delay_s": 0.0}]
)
def test_a_time_that_is_past_is_now(wish: dict[str, Any]) -> None:
    times = schedule(command(**wish), NOW, DEFAULT_S)
    assert (times.due_at, times.expires_at) == (None, NOW + seconds(DEFAULT_S))
    assert not command(**wish).waits


@pytest.mark.parametrize("other", [{"delay_s": 1}, {"delay_s": 0}])
def test_two_times_contradict_each_other(other: dict[str, Any]) -> None:
    with pytest.raises(InvalidScheduleError, match="not both"):
        schedule(command(send_at=NOW, **other), NOW, DEFAULT_S)


@pytest.mark.parametrize("ttl_s", [0, 0.9, -1, LONGEST_TTL_S + 1, math.nan, math.inf, -math.inf])
def test_a_time_to_live_that_cannot_be_meant_is_refused(ttl_s: float) -> None:
    with pytest.raises(InvalidScheduleError, match=f"ttl is 1 to {LONGEST_TTL_S}"):
        schedule(command(ttl_s=ttl_s), NOW, DEFAULT_S)


@pytest.mark.parametrize("delay_s", [-1, FARTHEST_S + 1, math.nan, math.inf])
def test_a_delay_that_cannot_be_meant_is_refused(delay_s: float) -> None:
    with pytest.raises(InvalidScheduleError, match=f"delay is 0 to {FARTHEST_S}"):
        schedule(command(delay_s=delay_s), NOW, DEFAULT_S)


def test_a_time_too_far_away_is_refused() -> None:
    farthest = NOW + seconds(FARTHEST_S)
    assert schedule(command(send_at=farthest), NOW, DEFAULT_S).due_at == farthest
    with pytest.raises(InvalidScheduleError, match="a year"):
        schedule(command(send_at=farthest + seconds(1)), NOW, DEFAULT_S)


@given(delay_s=st.floats(0, FARTHEST_S), ttl_s=st.floats(1, LONGEST_TTL_S))
def test_every_message_lives_as_long_as_its_caller_wished(delay_s: float, ttl_s: float) -> None:
    times = schedule(command(delay_s=delay_s, ttl_s=ttl_s), NOW, DEFAULT_S)
    assert times.expires_at - (times.due_at or NOW) == seconds(ttl_s)
    assert (times.due_at or NOW) == NOW + seconds(delay_s)
