"""Measures retention: removing what is old while others send.

    retention.py                            a million messages, on SQLite
    retention.py --database postgres        on PostgreSQL with fsync
    retention.py --messages 20000           half a minute: does it work here?

First their texts are removed, then everything. What runs is what ``habar serve`` runs, wired by its
own container, without HTTP.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

sys.path.insert(0, str(Path(__file__).parents[1]))

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.retention import EMPTY, named
from adapters.persistence.tables import requests
from adapters.persistence.transactions import Work
from adapters.persistence.webhook_transactions import ShortTransactions
from benchmarks.blacklist import Beside
from benchmarks.history import write_many
from benchmarks.measuring.tally import percentile
from benchmarks.stand.databases import Databases, databases
from entrypoints.container import Container
from entrypoints.life import life
from entrypoints.retention import retention_loops
from entrypoints.settings import Settings, read_settings

_T = TypeVar("_T")
_AT_ONCE = 50_000
_LOOK_S = 0.5
_AGE = timedelta(days=9)


class Watched(ShortTransactions):
    """Writes down how long each transaction keeps others from writing, its commit apart."""

    def __init__(self, commits: GroupCommit, engine: AsyncEngine) -> None:
        super().__init__(commits, engine)
        self.held_s: list[float] = []

    async def run(self, work: Work[_T]) -> _T:
        """Run work; see ``ShortTransactions.run``."""

        def timed(connection: sa.Connection) -> _T:
            started = time.perf_counter()
            done = work(connection)
            self.held_s.append(time.perf_counter() - started)
            return done

        return await super().run(timed)


async def fill(settings: Settings, count: int) -> None:
    """Write messages of long ago."""
    container = Container(settings=settings)
    at = datetime.now(UTC) - _AGE

    async with life(container):
        run = container.transactions().run
        for start in range(0, count, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, count))
            await run(partial(write_many, numbers=numbers, at=at))
        # As PostgreSQL itself does now and then.
        await run(lambda connection: connection.exec_driver_sql("ANALYZE"))


async def idle(settings: Settings) -> None:
    """Measure what others take when nothing is removed."""
    container = Container(settings=settings)
    async with life(container):
        beside = Beside(container)
        await beside.while_running(asyncio.ensure_future(asyncio.sleep(5)))
        print(f"nothing removed: {beside.told()}")


async def removing(settings: Settings, what: str, left: sa.Select[Any], **keep: int) -> None:
    """Run until nothing old is left, while others send."""
    container = Container(settings=settings)
    async with life(container):
        watched = Watched(container.commits(), container.engines().reader)
        kept = msgspec.structs.replace(settings, **keep)
        (retention,) = retention_loops(watched, container.clock(), kept)
        beside = Beside(container)
        started, cpu_s = time.perf_counter(), time.process_time()
        run = asyncio.create_task(retention.run())
        await beside.while_running(asyncio.ensure_future(_gone(watched, left)))
        took_s = time.perf_counter() - started
        cpu_s = time.process_time() - cpu_s
        run.cancel()
        await asyncio.wait([run])
    steps = watched.held_s
    print(
        f"{what}: {took_s:.1f} s, {cpu_s:.1f} s on a processor with what was sent;"
        f" {len(steps)} steps, p50 {_ms(steps, 0.5)}, p99 {_ms(steps, 0.99)},"
        f" max {_ms(steps, 1)} ms; {beside.told()}"
    )


async def _gone(transactions: ShortTransactions, left: sa.Select[Any]) -> None:
    """Wait until nothing old is left; a look finds the oldest row by its index."""
    look = transactions.look
    while await look(lambda connection: connection.execute(left).first()):  # noqa: ASYNC110 - the database cannot tell
        await asyncio.sleep(_LOOK_S)


async def measure(made: Databases, count: int) -> None:
    """Measure everything on one database."""
    settings = read_settings({**made.fresh(), "SMS_DUMMY": "true"})
    await fill(settings, count)
    await idle(settings)
    before = named(datetime.now(UTC) - timedelta(days=1))
    one = sa.literal(1)
    texts = sa.select(one).where(requests.c.text != EMPTY, requests.c.id < before).limit(1)
    both = sa.select(one).where(requests.c.id < before).limit(1)
    await removing(settings, f"texts of {count} messages", texts, text_retention_hours=24)
    await removing(settings, f"{count} messages", both, retention_days=1)


def _ms(seconds: list[float], share: float) -> str:
    return f"{percentile(sorted(seconds), share) * 1000:.3g}"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    sys.setswitchinterval(0.001)  # as the server has it
    with tempfile.TemporaryDirectory() as folder, databases(given.database, Path(folder)) as made:
        uvloop.run(measure(made, given.messages))


if __name__ == "__main__":
    main()
