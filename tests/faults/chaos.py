"""Kills at random moments, under a load of every kind, and what they came to.

``python -m tests.faults.chaos --database sqlite --kills 30`` prints one line of JSON.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random

from adapters.persistence.engines import DatabaseTarget
from tests.faults.callers import Callers
from tests.faults.fleet import Fleet
from tests.faults.ledger import Figures, balance
from tests.faults.records import Records
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import running_server
from tests.processes import PROVIDERS, Client, Program, provided, running_simulator, stored

PROCESSES = {"sqlite": 1, "postgresql": 3}
LATENCY_S = 0.02
END_S = 120.0
ALLOWED_STATUSES = {0, 200, 202, 409, 503}
"""No answer; done; accepted; the same key is being served; the database is away, or stopping."""


def settings(simulator: Program, target: DatabaseTarget) -> dict[str, str]:
    """Return the settings of gateways that find out quickly what became of a message."""
    timeouts = {f"{code.upper()}_TIMEOUT": "2" for code in PROVIDERS}
    # All processes together stay below what the stand-ins allow.
    places = {f"{code.upper()}_CONCURRENCY": "4" for code in PROVIDERS}
    quick = {**timeouts, **places, "LOOKUP_DELAYS": "1,2,3"}
    return provided(simulator.url, **stored(target), **quick)


async def run(
    target: DatabaseTarget, simulator: Program, place: Path, *, kills: int, seed: int = 4821
) -> tuple[Figures, dict[int, int]]:
    """Kill that often under load, let the rest settle; the figures, and the statuses seen."""
    chance = Random(seed)  # noqa: S311 - no secret
    size = PROCESSES[target.url.get_backend_name()]
    records = Records(target)
    with Client(simulator, simulator) as provider:
        provider.forget()
        provider.latency(LATENCY_S)
        async with Fleet(place, settings(simulator, target), size) as fleet:
            callers = Callers(fleet.urls, seed=seed)
            calling = asyncio.create_task(callers.run())
            for _ in range(kills):
                await asyncio.sleep(0.2 + chance.random())
                await fleet.kill_one(chance)
            await asyncio.sleep(1)
            callers.stop()
            await calling
            await callers.repeat_unanswered(END_S)
            await records.wait_until_closed(END_S)
        provider.latency(0)
        return balance(callers.asks, records.messages(), provider.sent()), callers.statuses


@contextmanager
def _database(kind: str, place: Path) -> Iterator[DatabaseTarget]:
    if kind == "sqlite":
        yield sqlite_target(place)
        return
    with running_server(fsync=True) as server:
        yield postgres_target(server)


def line(database: str, kills: int, figures: Figures, statuses: dict[int, int]) -> str:
    """Write the figures as one line of JSON."""
    seen = {str(status): statuses[status] for status in sorted(statuses)}
    told = {"database": database, "kills": kills, **asdict(figures), "statuses": seen}
    return json.dumps({"chaos": told})


def main() -> int:
    """Run it as a command; the exit code is 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() ^ os.getpid())
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="habar-chaos-") as folder,
        running_simulator(Path(folder) / "simulator") as simulator,
        _database(given.database, Path(folder)) as target,
    ):
        ran = run(target, simulator, Path(folder), kills=given.kills, seed=given.seed)
        figures, statuses = asyncio.run(ran)
    sys.stdout.write(line(given.database, given.kills, figures, statuses) + "\n")
    return 1 if figures.broken or statuses.keys() - ALLOWED_STATUSES else 0


if __name__ == "__main__":
    sys.exit(main())
