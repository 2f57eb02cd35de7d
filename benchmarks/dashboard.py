"""Measures the pages of the dashboard with a million messages stored.

    dashboard.py                            on SQLite; two minutes
    dashboard.py --database postgres        on PostgreSQL with fsync
    dashboard.py --messages 20000           does it work here?

Pages are made as ``habar serve`` makes them, by the application itself, without a network. Most
messages were delivered; one of a thousand went astray, and a few thousand came in the last days.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import sqlalchemy as sa
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from adapters.persistence.tables import messages, requests
from application.rollup import Rollup
from benchmarks.history import Past, write, write_many
from benchmarks.measuring.tally import percentile
from benchmarks.stand.databases import Databases, databases
from domain.message import MessageStatus
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.life import life
from entrypoints.settings import Settings, read_settings

_AT_ONCE = 50_000
_ROUNDS = 30
_DAYS = 7
_REFERENCE = "order 4821"
_ASTRAY = (
    MessageStatus.FAILED,
    MessageStatus.REJECTED,
    MessageStatus.UNDELIVERABLE,
    MessageStatus.EXPIRED,
    MessageStatus.BLOCKED,
    MessageStatus.UNKNOWN,
)


async def fill(settings: Settings, count: int) -> None:
    """Write messages of the last week, the last of them a minute ago."""
    container = Container(settings=settings)
    async with life(container):
        run = container.transactions().run
        for start in range(0, count, _AT_ONCE):
            age = timedelta(days=_DAYS) * (1 - start / count)
            numbers = range(start, min(start + _AT_ONCE, count))
            await run(partial(write_many, numbers=numbers, at=datetime.now(UTC) - age))
        some = [_past(number) for number in range(count // 1_000)]
        await run(partial(write, past=some))
        named = sa.select(requests.c.id).order_by(requests.c.id.desc()).limit(1).scalar_subquery()
        mark = sa.update(requests).where(requests.c.id == named).values(reference=_REFERENCE)
        await run(lambda connection: connection.execute(mark))
        await run(lambda connection: connection.exec_driver_sql("ANALYZE"))


def _past(number: int) -> Past:
    at = datetime.now(UTC) - timedelta(minutes=1 + 7 * number % (_DAYS * 1_440))
    return Past(at=at, statuses=[_ASTRAY[number % len(_ASTRAY)]])


async def measure(made: Databases, count: int) -> None:
    """Measure every page on one database."""
    settings = read_settings({**made.fresh(), "SMS_DUMMY": "true"})
    await fill(settings, count)
    container = Container(settings=settings)
    async with life(container):
        rollup = Rollup(container.counters(), container.clock())
        started = time.perf_counter()
        while await rollup.once() < 1:
            pass
        print(f"counting a week of {count} messages: {time.perf_counter() - started:.1f} s")
        transport = httpx.ASGITransport(app=create_app(container))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for address in await _addresses(container):
                await _time(client, f"/dashboard{address}")


async def _addresses(container: Container) -> list[str]:
    some = sa.select(messages.c.id, messages.c.phone, messages.c.request_id).limit(1)
    look = container.transactions().look
    row = await look(lambda connection: connection.execute(some).one())
    day = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT00:00")
    return [
        "",
        "?span=day",
        "?span=week",
        "/messages",
        f"/messages?find={row.phone}",
        f"/messages?find={row.id}",
        f"/messages?find={row.request_id}",
        f"/messages?find={_REFERENCE}",
        "/messages?find=4821",
        "/messages?find=nobody-has-it",
        "/messages?status=delivered",
        *(f"/messages?status={status}" for status in (*_ASTRAY, MessageStatus.CANCELED)),
        "/messages?status=queued",
        "/messages?status=failed&provider=dummy",
        f"/messages?since={day}",
        f"/messages?until={day}",
        f"/messages?status=failed&until={day}",
        f"/messages?before={row.id}",
        f"/messages/{row.id}",
        "/send",
        "/blacklist",
        "/blacklist?phone=7701",
        "/providers",
        "/webhooks",
        "/webhooks?status=failed",
        "/keys",
        "/audit",
    ]


async def _time(client: httpx.AsyncClient, address: str) -> None:
    took = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        answer = await client.get(address, follow_redirects=True)
        took.append((time.perf_counter() - started) * 1000)
        answer.raise_for_status()
        await asyncio.sleep(0)
    took.sort()
    shown = address if len(address) < 60 else f"{address[:57]}..."
    told = [f"{percentile(took, share):8.1f}" for share in (0.5, 0.95, 1)]
    print(f"{shown:60} p50, p95, max{''.join(told)} ms")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(given.database, Path(folder)) as made:
        uvloop.run(measure(made, given.messages))


if __name__ == "__main__":
    main()
