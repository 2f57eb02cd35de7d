"""Measures the blacklist: importing a long list while others send, and looking up in a long one.

    blacklist.py                                  both, on SQLite
    blacklist.py --database postgres              on PostgreSQL with fsync
    blacklist.py --lines 1000000 --rows 10000000  how long the lists are

What runs is what ``habar serve`` runs, wired by its own container, without HTTP.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from adapters.persistence.tables import blacklist
from application.send_command import SendCommand
from application.slices import SLICE
from benchmarks.measuring.tally import percentile
from benchmarks.phones import number
from benchmarks.stand.databases import Databases, databases
from domain.phone import Phone
from entrypoints.container import Container
from entrypoints.http.blacklist_csv import read_csv
from entrypoints.life import life
from entrypoints.settings import read_settings

_T = TypeVar("_T")
_TICK_S = 0.005
_BATCH = 50_000
_ASKED = 2_000


@asynccontextmanager
async def gateway(made: Databases) -> AsyncIterator[Container]:
    """Run a gateway on an empty database, with a provider that takes everything at once."""
    container = Container(settings=read_settings({**made.fresh(), "SMS_DUMMY": "true"}))
    async with life(container):
        yield container


class Beside:
    """What others notice: how late the event loop is, and how long one message takes."""

    def __init__(self, container: Container) -> None:
        self._send = container.send_sms()
        self._stop = asyncio.Event()
        self.late_s: list[float] = []
        self.sent_s: list[float] = []

    async def while_running(self, lasting: asyncio.Future[_T]) -> None:
        """Measure until it is done."""
        tasks = [asyncio.create_task(self._tick()), asyncio.create_task(self._message())]
        await asyncio.wait([lasting])
        self._stop.set()
        await asyncio.gather(*tasks)

    async def _tick(self) -> None:
        while not self._stop.is_set():
            started = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            self.late_s.append(time.perf_counter() - started - _TICK_S)

    async def _message(self) -> None:
        sent = 0
        while not self._stop.is_set():
            sent += 1
            started = time.perf_counter()
            await self._send(SendCommand(phones=[f"7777{sent:07d}"], text="Code 4821"))
            self.sent_s.append(time.perf_counter() - started)
            await asyncio.sleep(_TICK_S)

    def told(self) -> str:
        """Write it in milliseconds."""
        return f"a message {_shown(self.sent_s)}; the event loop late {_shown(self.late_s)}"


async def idle(made: Databases) -> None:
    """Measure what others take when nothing is imported."""
    async with gateway(made) as container:
        beside = Beside(container)
        await beside.while_running(asyncio.ensure_future(asyncio.sleep(5)))
        print(f"nothing imported: {beside.told()}")


async def importing(made: Databases, lines: int) -> None:
    """Import a list of phones with reasons, then the same once more."""
    with tempfile.TemporaryFile() as file:
        file.write(b"phone,reason,expires_at\n")
        for i in range(lines):
            file.write(f"{number(i)},asked for it,{'' if i % 10 else '2120-01-01'}\n".encode())
        async with gateway(made) as container:
            for what in ("import", "the same again"):
                beside = Beside(container)
                started, cpu_s = time.perf_counter(), time.process_time()
                run = asyncio.ensure_future(container.import_blacklist()(partial(read_csv, file)))
                await beside.while_running(run)
                took_s = time.perf_counter() - started
                cpu_s = time.process_time() - cpu_s
                report = run.result()
                print(
                    f"{what}: {lines} lines in {took_s:.1f} s, of which {cpu_s:.1f} s on a"
                    f" processor, {report.added} added; {beside.told()}"
                )


async def looking_up(made: Databases, rows: int) -> None:
    """Fill the table, then ask for phones that are there and phones that are not."""
    async with gateway(made) as container:
        await _fill(container, rows)
        listed = container.blacklist().listed
        asked = [Phone(f"+{number(i)}") for i in range(0, rows * 2, max(1, rows * 2 // _ASKED))]
        one: list[float] = []
        for phone in asked:
            started = time.perf_counter()
            await listed([phone])
            one.append(time.perf_counter() - started)
        many: list[float] = []
        for start in range(0, rows, max(1, rows // 20)):
            phones = [Phone(f"+{number(i)}") for i in range(start, start + SLICE)]
            started = time.perf_counter()
            await listed(phones)
            many.append(time.perf_counter() - started)
        print(f"look-up among {rows}: one {_shown(one)}; {SLICE} at once {_shown(many)}")


async def _fill(container: Container, rows: int) -> None:
    phones = iter(sorted(number(i) for i in range(rows)))
    while batch := [{"phone": phone} for phone in islice(phones, _BATCH)]:
        await container.commits().run(_insert, batch)


def _insert(
    connection: sa.Connection, items: Sequence[list[dict[str, str]]]
) -> Sequence[sa.CursorResult[tuple[object, ...]]]:
    return [connection.execute(sa.insert(blacklist), batch) for batch in items]


def _shown(seconds: list[float]) -> str:
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    told = (
        f"{name} {percentile(sorted(seconds), share) * 1000:.3g}" for name, share in shares.items()
    )
    return f"{', '.join(told)} ms"


async def measure(made: Databases, lines: int, rows: int) -> None:
    """Measure everything."""
    await idle(made)
    await importing(made, lines)
    await looking_up(made, rows)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    sys.setswitchinterval(0.001)  # as the server has it
    with tempfile.TemporaryDirectory() as folder, databases(given.database, Path(folder)) as made:
        uvloop.run(measure(made, given.lines, given.rows))


if __name__ == "__main__":
    main()
