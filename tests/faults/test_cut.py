"""The wire to the database is cut under load: it recovers alone and has lost nothing."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import aiohttp
import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults import chaos
from tests.faults.callers import Callers
from tests.faults.cut import Cut, CuttableWire
from tests.faults.fleet import Fleet
from tests.faults.ledger import balance
from tests.faults.records import Records
from tests.postgres import PostgresServer
from tests.processes import Client, Program

CUT_S = 10.0
RECOVERY_S = 120.0
END_S = 120.0


async def recovered(fleet: Fleet, callers: Callers) -> None:
    """Wait until every process is ready, and messages are accepted again."""
    healed, waiting = len(callers.asks), fleet.urls()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while waiting or not any(ask.accepted for ask in callers.asks[healed:]):
            waiting = [url for url in waiting if not await _ready(session, url)]
            await asyncio.sleep(0.2)


async def _ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def endure(
    fleet: Fleet,
    records: Records,
    provider: Client,
    harm: Callable[[], None],
    cure: Callable[[], None],
) -> None:
    """Do harm for a while under load, undo it, and hold everybody's books against each other."""
    callers = Callers(fleet.urls)
    calling = asyncio.create_task(callers.run())
    await asyncio.sleep(3)
    await asyncio.to_thread(harm)
    await asyncio.sleep(CUT_S)
    await asyncio.to_thread(cure)
    started = time.monotonic()
    await asyncio.wait_for(recovered(fleet, callers), RECOVERY_S)
    recovery_s = round(time.monotonic() - started, 1)
    await asyncio.sleep(3)
    callers.stop()
    await calling
    await callers.repeat_unanswered(END_S)
    await records.wait_until_closed(END_S)
    figures = balance(callers.asks, records.messages(), provider.sent())
    told = {"harm_s": CUT_S, "recovery_s": recovery_s, "slowest_s": round(callers.slowest_s, 1)}
    print(json.dumps({"database_away": {**told, **asdict(figures)}}))  # noqa: T201 - figures
    assert not figures.broken, figures
    assert callers.statuses.keys() <= chaos.ALLOWED_STATUSES, callers.statuses
    assert callers.statuses.keys() & {0, 503}, "nobody has noticed: the harm was none"
    assert "Traceback" not in fleet.output


@pytest.mark.parametrize("cut", [Cut.SWALLOWED, Cut.RESET])
async def test_a_cut_wire_to_the_database_loses_nothing(
    place: Path, simulator: Program, postgres: DatabaseTarget, provider: Client, cut: Cut
) -> None:
    wire = CuttableWire(str(postgres.url.host), int(postgres.url.port or 0))
    provider.latency(chaos.LATENCY_S)
    with wire.running():
        url = postgres.url.set(port=wire.port)
        through = DatabaseTarget(url=url, admin_url=url, schema=postgres.schema)
        async with Fleet(place, chaos.settings(simulator, through), 1) as fleet:
            records = Records(postgres)
            await endure(fleet, records, provider, lambda: wire.cut(cut), wire.heal)


async def test_a_crash_of_the_database_loses_nothing(
    place: Path,
    simulator: Program,
    postgres_server: PostgresServer,
    postgres: DatabaseTarget,
    provider: Client,
) -> None:
    server = postgres_server.own
    if server is None:
        pytest.skip("THE SERVER IS NOT OURS: it cannot be made to crash")
    provider.latency(chaos.LATENCY_S)
    async with Fleet(place, chaos.settings(simulator, postgres), 2) as fleet:
        await endure(fleet, Records(postgres), provider, server.crash, server.start_again)
