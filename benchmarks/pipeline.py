"""Measures the pipeline inside one process: use case, outbox and dispatcher, the provider faked.

    pipeline.py                                  every figure, on SQLite
    pipeline.py --database postgres              on PostgreSQL with fsync
    pipeline.py --only accept,call,dispatch,idle

The provider answers in the same process, at once or after 20 ms; everything else is what
``habar serve`` runs, wired by its own container.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from dependency_injector import providers

sys.path.insert(0, str(Path(__file__).parents[1]))

from adapters.providers.dummy import Dummy
from application.places import Places
from application.routing import Carrier
from application.send_command import SendCommand
from benchmarks.stand.databases import Databases, databases
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome
from domain.terms import Priority
from entrypoints.container import Container
from entrypoints.life import life
from entrypoints.settings import Settings, read_settings

ROUNDS = 3
SECONDS = 4.0
CALLERS = 16
CONCURRENCY = 200
LATENCY_S = 0.02
MANY = 100_000
TEXT = "Your code is 4821. Do not share it."


class Faked(Dummy):
    """A provider that takes everything after a while, and remembers when it was asked."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self.asked: dict[str, float] = {}
        self.latest = asyncio.Event()

    async def submit(self, message: Message) -> SubmitOutcome:
        """Take a message."""
        self.asked[message.recipient.msisdn] = time.perf_counter()
        self.latest.set()
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        return Accepted(message.id.hex)


class Faking:
    """One carrier under the default provider's code; see ``Carriers``."""

    def __init__(self, provider: Faked) -> None:
        places = Places(CONCURRENCY)
        carrier = Carrier(code="dummy", timeout_s=30, places=places, sms=provider, lookup=provider)
        self.by_code = {"dummy": carrier}

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def gateway(
    made: Databases, *, latency_s: float = 0.0, role: str = "all"
) -> AsyncIterator[tuple[Container, Faked]]:
    """Run a gateway on an empty database, without HTTP."""
    settings: Settings = read_settings({**made.fresh(), "SMS_DUMMY": "true", "HABAR_ROLE": role})
    container = Container(settings=settings)
    provider = Faked(latency_s)
    container.carriers.override(providers.Object(Faking(provider)))
    async with life(container):
        yield container, provider


def command(phone: int, *, background: bool = True) -> SendCommand:
    """Write one message to a number of its own."""
    return SendCommand(phones=[f"7701{phone:07d}"], text=TEXT, background=background)


async def accept(made: Databases) -> float:
    """Messages a second that callers have durably queued, each caller one after another."""
    async with gateway(made) as (container, _):
        for pump in container.background()._pumps:  # noqa: SLF001 - accepting alone is measured
            pump.stop()
        send = container.send_sms()
        count = 0
        end = time.perf_counter() + SECONDS

        async def caller() -> None:
            nonlocal count
            while time.perf_counter() < end:
                count += 1
                await send(command(count))

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return count / (time.perf_counter() - started)


async def call(made: Databases) -> float:
    """Seconds until one request of 100 000 recipients is durably queued."""
    async with gateway(made) as (container, _):
        phones = [f"7701{phone:07d}" for phone in range(MANY)]
        started = time.perf_counter()
        await container.send_sms()(SendCommand(phones=phones, text=TEXT, background=True))
        return time.perf_counter() - started


async def dispatch(made: Databases) -> float:
    """Queued messages a second that leave through a provider of 20 ms, 200 at once."""
    async with gateway(made, latency_s=LATENCY_S) as (container, provider):
        phones = [f"7701{phone:07d}" for phone in range(int(MANY / 4))]
        await container.send_sms()(SendCommand(phones=phones, text=TEXT, background=True))
        begun, started = len(provider.asked), time.perf_counter()
        await asyncio.sleep(SECONDS)
        last = max(provider.asked.values())  # perhaps all of them are through
        return (len(provider.asked) - begun) / (last - started)


async def beside(made: Databases) -> float:
    """p99 of the milliseconds added to a caller's 20 while a bulk is accepted and runs."""
    async with gateway(made, latency_s=LATENCY_S) as (container, _):
        send = container.send_sms()
        phones = [f"7702{phone:07d}" for phone in range(MANY)]
        bulk = SendCommand(phones=phones, text=TEXT, background=True, priority=Priority.BULK)
        queueing = asyncio.create_task(send(bulk))
        waits: list[float] = []

        async def single(phone: int) -> None:
            started = time.perf_counter()
            await send(command(phone, background=False))
            waits.append((time.perf_counter() - started - LATENCY_S) * 1000)

        singles = []
        for phone in range(int(SECONDS * 100)):
            singles.append(asyncio.create_task(single(phone)))
            await asyncio.sleep(0.01)
        await asyncio.gather(queueing, *singles)
        return statistics.quantiles(waits, n=100)[98]


async def idle(made: Databases) -> float:
    """p99 of the milliseconds from the call to the provider, one message at a time."""
    async with gateway(made) as (container, provider):
        send = container.send_sms()
        waits = []
        for phone in range(200):
            started = time.perf_counter()
            await send(command(phone))
            await provider.latest.wait()
            provider.latest.clear()
            waits.append((provider.asked[f"7701{phone:07d}"] - started) * 1000)
            await asyncio.sleep(0.01)
        return statistics.quantiles(waits, n=100)[98]


async def quiet(made: Databases) -> float:
    """Per cent of one processor that nothing to do costs."""
    async with gateway(made):
        await asyncio.sleep(1)
        before, started = time.process_time(), time.perf_counter()
        await asyncio.sleep(SECONDS)
        return 100 * (time.process_time() - before) / (time.perf_counter() - started)


MEASURED: dict[str, tuple[str, Callable[[Databases], Awaitable[float]]]] = {
    "accept": (f"messages accepted a second, {CALLERS} callers", accept),
    "call": ("seconds to accept 100 000 recipients in one call", call),
    "dispatch": ("messages dispatched a second, 20 ms provider, 200 at once", dispatch),
    "beside": ("p99 added to a caller who waits while a bulk of 100 000 runs, ms", beside),
    "idle": ("p99 from the call to the provider, one at a time, ms", idle),
    "quiet": ("processor with nothing to do, per cent", quiet),
}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--only", default=",".join(MEASURED), metavar="NAME,…")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="pipeline-") as folder,
        databases(given.database, Path(folder)) as made,
    ):
        print(f"{made.title}; {os.cpu_count()} processors; {given.rounds} rounds\n")
        print("| | median | least | greatest |\n| --- | ---: | ---: | ---: |")
        for name in given.only.split(","):
            title, measure = MEASURED[name]
            figures = [_run(measure, made) for _ in range(given.rounds)]
            shown = (statistics.median(figures), min(figures), max(figures))
            print(f"| {title} | {' | '.join(f'{figure:.4g}' for figure in shown)} |", flush=True)


def _run(measure: Callable[[Databases], Awaitable[float]], made: Databases) -> float:
    async def once() -> float:
        return await measure(made)

    sys.setswitchinterval(0.001)  # as the server has it
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(once())


if __name__ == "__main__":
    main()
