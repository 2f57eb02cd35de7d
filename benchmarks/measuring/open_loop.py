"""Open loop: requests start on a timetable, whatever the server does. Latency.

Times count from the timetable, so that a server that stalls cannot hide its queue.
"""

import asyncio
import random
import time
from dataclasses import replace
from urllib.parse import urlsplit

from benchmarks.measuring.connection import Connection, connect
from benchmarks.measuring.load import Load, Row, payloads
from benchmarks.measuring.process_figures import Meter
from benchmarks.measuring.python_load import ANSWER_S, run_here
from benchmarks.measuring.tally import Tally

_FIRST_CONNECTIONS = 64
_LAST_ANSWERS_S = 15


def run_open(url: str, load: Load) -> Row:
    """Put a server under a fixed rate of requests."""
    if load.warmup:
        run_here(_OpenLoop(url, replace(load, seconds=load.warmup)).run(), load)
    meter = Meter(load.pids)
    row = run_here(_OpenLoop(url, load).run(), load)
    return {
        "url": url,
        "mode": "open",
        "rate": load.rate,
        "phones": load.phones,
        **row,
        **meter.figures(row["requests"], row["seconds"]),
    }


class _OpenLoop:
    """One run: its connections, and the requests under way."""

    def __init__(self, url: str, load: Load) -> None:
        self._url = urlsplit(url)
        self._load = load
        self._tally = Tally(load.check)
        self._payloads = payloads(self._url, load)
        self._gaps = random.Random(load.seed)
        self._slots = asyncio.Semaphore(load.connections)
        self._tasks: set[asyncio.Task[None]] = set()
        self._free: list[Connection] = []
        self._opened = 0
        self._late = 0.0

    async def run(self) -> Row:
        """Keep to the timetable, then wait for the last answers."""
        for _ in range(min(self._load.connections, _FIRST_CONNECTIONS)):
            self._free.append(await self._connect())
        start = time.perf_counter()
        await self._keep_to_timetable(start)
        if self._tasks:
            _, pending = await asyncio.wait(set(self._tasks), timeout=_LAST_ANSWERS_S)
            self._tally.timeouts += len(pending)
        row = self._tally.row(time.perf_counter() - start)
        for connection in self._free:
            connection.close()
        return row | {"generator_late_ms": round(self._late * 1000, 2), "opened": self._opened}

    async def _keep_to_timetable(self, start: float) -> None:
        due, end = start, start + self._load.seconds
        while due < end:
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            self._late = max(self._late, time.perf_counter() - due)
            task = asyncio.ensure_future(self._ask(time.perf_counter() if wait > 0 else due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            due += 1 / self._load.rate if self._load.even else self._gap()

    async def _ask(self, due: float) -> None:
        async with self._slots:
            try:
                connection = await self._connection()
            except OSError:
                self._tally.socket_errors += 1
                return
            try:
                sent = connection.send(next(self._payloads))
                self._tally.note(due, await asyncio.wait_for(sent, ANSWER_S))
            except TimeoutError:
                self._tally.timeouts += 1
                connection.abort()
            if connection.alive:
                self._free.append(connection)

    async def _connection(self) -> Connection:
        while self._free and not self._free[-1].alive:
            self._free.pop()
        return self._free.pop() if self._free else await self._connect()

    async def _connect(self) -> Connection:
        connection = await connect(self._url)
        self._opened += 1
        return connection

    def _gap(self) -> float:
        return self._gaps.expovariate(self._load.rate)
