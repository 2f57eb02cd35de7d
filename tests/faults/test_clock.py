"""The wall clock of one process jumps: nobody sends again, and no lease ends early."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.records import Records
from tests.processes import Client, Program, provided, running_gateway, stored

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
MESSAGES = 20
JUMP = timedelta(hours=1)
LATENCY_S = 3.0
END_S = 60.0


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A file that says by how much the clock of a process is wrong."""
    if not LIBRARIES:
        reason = "NO LIBFAKETIME: jumps of the clock are not tested; apt install faketime"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    file = tmp_path / "clock"
    file.write_text("+0")
    return file


def fooled(clock: Path) -> Mapping[str, str]:
    """Return what makes a process read its wall clock off a file."""
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.fixture
def pair(
    place: Path, simulator: Program, postgres: DatabaseTarget, clock: Path
) -> Iterator[tuple[Client, Client]]:
    """A process whose clock is what the file says, and one whose clock is right."""
    wanted = provided(
        simulator.url,
        **stored(postgres),
        SMS_PROVIDER="twilio",
        TWILIO_TIMEOUT="10",
        LOOKUP_DELAYS="1,2",
    )
    with (
        running_gateway(place / "fooled", **wanted, **fooled(clock)) as wrong,
        running_gateway(place / "right", **wanted) as right,
        Client(wrong, simulator) as first,
        Client(right, simulator) as second,
    ):
        first.forget()
        yield first, second


@pytest.mark.parametrize("jump", ["+1h", "-1h"])
async def test_a_jump_of_the_clock_sends_nothing_twice_and_ends_no_lease(
    pair: tuple[Client, Client], postgres: DatabaseTarget, clock: Path, jump: str
) -> None:
    (first, second), records = pair, Records(postgres)
    first.latency(LATENCY_S)
    first.queue(phones=phones("7701"), message="Hi")
    second.queue(phones=phones("7702"), message="Hi")
    await asyncio.sleep(LATENCY_S / 2)
    assert records.count("sending") > 0, "the jump came too late"
    await asyncio.to_thread(clock.write_text, jump)
    (later, *_) = first.queue(phones=phones("7705"), message="Hi")
    assert await records.wait_until_closed(END_S)
    first.latency(0)
    assert first.post("/sms", phones="77079999999", message="Hi")["status"] is True
    assert second.post("/sms", phones="77079999998", message="Hi")["status"] is True
    created = datetime.fromisoformat(first.message(later["id"])["created_at"])
    assert abs(datetime.now(UTC) - created) > JUMP / 2, "the clock has not jumped"
    rows = records.messages()
    assert {row.status for row in rows} == {"submitted"}
    assert not [row for row in rows if row.doubted], "a lease ended early"
    assert {row.attempts for row in rows} == {1}
    sent = [message["recipient"] for message in first.sent()]
    assert sorted(sent) == sorted(row.phone for row in rows)


def phones(prefix: str) -> list[str]:
    return [f"{prefix}{number:07d}" for number in range(MESSAGES)]
