"""A hundred thousand messages wait: the one that is in a hurry does not wait behind them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.latency import line, measure
from tests.faults.records import Records
from tests.processes import Client, Program, provided, running_gateway, stored

WAITING = 100_000
OTPS = 100
BOUND_S = 30.0
"""Behind the others it would be 500 s; how much less it is, is a figure, not a promise."""
RATE = 200
TOMORROW_S = 86_400


@pytest.fixture
def client(
    place: Path, simulator: Program, target: DatabaseTarget, provider: Client
) -> Iterator[Client]:
    provider.forget()
    wanted = provided(
        simulator.url,
        **stored(target),
        SMS_PROVIDER="twilio",
        TWILIO_RATE=str(RATE),
        QUEUE_MAX_AGE="86400",
    )
    with running_gateway(place, **wanted) as gateway, Client(gateway, simulator) as client:
        yield client


def phones() -> list[str]:
    return [f"7701{number:07d}" for number in range(WAITING)]


def test_what_is_due_tomorrow_is_in_nobodys_way(
    client: Client, target: DatabaseTarget, provider: Client
) -> None:
    client.queue(phones=phones(), message="Hi", delay=TOMORROW_S)
    took = measure(client, OTPS, priority="otp")
    kind = target.url.get_backend_name()
    print(line(f"otp_beside_{WAITING}_due_tomorrow_{kind}", took))  # noqa: T201 - figures
    assert max(took) < BOUND_S
    assert len(provider.sent()) == OTPS, "something left before its time"
    assert Records(target).count("queued") == WAITING


def test_what_is_in_a_hurry_overtakes_the_bulk(
    client: Client, target: DatabaseTarget, provider: Client
) -> None:
    client.queue(phones=phones(), message="Hi", priority="bulk")
    started, before = time.monotonic(), len(provider.sent())
    took = measure(client, OTPS, priority="otp")
    rate = (len(provider.sent()) - before) / (time.monotonic() - started)
    kind = target.url.get_backend_name()
    print(line(f"otp_beside_{WAITING}_bulk_{kind}", took))  # noqa: T201 - figures
    assert max(took) < BOUND_S
    assert rate > RATE / 10, "the bulk stood still"
    assert Records(target).count("queued") > WAITING / 2, "there was no queue"
