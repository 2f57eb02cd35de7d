"""Three processes share one rate, and one of them dies."""

import asyncio
import json
from bisect import bisect_left
from datetime import datetime
from pathlib import Path

from adapters.persistence.engines import DatabaseTarget
from tests.faults.callers import Callers
from tests.faults.fleet import Fleet
from tests.faults.ledger import TAKEN
from tests.faults.records import Records
from tests.processes import Client, Json, Program, provided, stored

RATE = 200
MOST = 204
"""The rate, two that were late, and 1 %."""
MESSAGES = 3_000
PREFIXES = ("7701", "7702", "7705")
"""One for each try."""
END_S = 90.0


def moments(sent: list[Json]) -> list[float]:
    return sorted(datetime.fromisoformat(message["sent_at"]).timestamp() for message in sent)


def seconds(at: list[float]) -> list[int]:
    """Return how many there were in each second that begins with one of them, fullest last."""
    return sorted(bisect_left(at, moment + 1) - index for index, moment in enumerate(at))


async def test_three_processes_keep_to_one_rate(
    place: Path, simulator: Program, postgres: DatabaseTarget, provider: Client
) -> None:
    wanted = limited(simulator, postgres)
    records = Records(postgres)
    async with Fleet(place, wanted, 3) as fleet:
        # A machine that stalls makes a crowd now and then; a limiter that is wrong makes it always.
        for prefix in PREFIXES:
            provider.forget()
            phones = [f"{prefix}{number:07d}" for number in range(MESSAGES)]
            share = MESSAGES // len(fleet.living)
            for index, program in enumerate(fleet.living):
                with Client(program, simulator) as client:
                    client.queue(phones=phones[index * share : (index + 1) * share], message="Hi")
            assert await records.wait_until_closed(END_S)
            at = moments(provider.sent())
            *_, worst = full = seconds(at)
            usual, rate = full[len(full) // 2], (len(at) - 1) / (at[-1] - at[0])
            told = {"per_second": round(rate, 1), "usual_second": usual, "worst_second": worst}
            print(json.dumps({"rate": told}))  # noqa: T201 - figures
            if worst <= MOST:
                break
    assert len(at) == MESSAGES
    assert RATE * 0.9 < rate < RATE * 1.03
    assert usual <= MOST
    assert worst <= RATE * 1.5, "more than a machine that stalls explains"


async def test_one_of_three_dies_and_the_callers_of_the_others_do_not_notice(
    place: Path, simulator: Program, postgres: DatabaseTarget, provider: Client
) -> None:
    records = Records(postgres)
    provider.latency(0.02)
    async with Fleet(place, limited(simulator, postgres), 3) as fleet:
        victim, *others = fleet.living
        fleet.living = others
        callers = Callers(fleet.urls, providers=["twilio"])
        calling = asyncio.create_task(callers.run())
        with Client(victim, simulator) as client:
            client.queue(phones=[f"7771{n:07d}" for n in range(1_000)], message="Hi")
        await asyncio.sleep(1)
        victim.kill()
        await asyncio.sleep(4)
        callers.stop()
        await calling
        assert await records.wait_until_closed(END_S)
        assert callers.statuses.keys() <= {200, 202}, callers.statuses
        assert all(ask.accepted for ask in callers.asks)
    sent = [message["recipient"] for message in provider.sent()]
    assert len(sent) == len(set(sent))
    rows = records.messages()
    assert {row.phone for row in rows if row.status in TAKEN} == set(sent)
    assert all(row.doubted and row.held for row in rows if row.status not in TAKEN)


def limited(simulator: Program, target: DatabaseTarget) -> dict[str, str]:
    return provided(
        simulator.url,
        **stored(target),
        SMS_PROVIDER="twilio",
        TWILIO_RATE=str(RATE),
        TWILIO_TIMEOUT="2",
        LOOKUP_DELAYS="1,2",
        QUEUE_MAX_AGE="86400",
    )
