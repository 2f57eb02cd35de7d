from datetime import UTC, datetime, timedelta

from adapters.clock import SystemClock
from application.ports.system import Clock

CLOCK: Clock = SystemClock()


def test_the_time_is_the_machines_and_in_utc() -> None:
    before, now, after = datetime.now(UTC), CLOCK.now(), datetime.now(UTC)
    assert before <= now <= after
    assert now.utcoffset() == timedelta(0)


def test_seconds_for_durations_never_go_back() -> None:
    readings = [CLOCK.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)
    assert readings[0] < readings[-1]
