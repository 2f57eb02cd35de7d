"""Closed loop: each connection asks again when it has its answer. Throughput and CPU."""

import asyncio
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from benchmarks.measuring.connection import connect
from benchmarks.measuring.deliveries import Deliveries
from benchmarks.measuring.load import Load, Row, payloads
from benchmarks.measuring.process_figures import Meter
from benchmarks.measuring.python_load import ANSWER_S, run_here
from benchmarks.measuring.tally import Tally
from benchmarks.measuring.wrk import run_wrk


def run_closed(url: str, load: Load) -> Row:
    """Put a server under load; with a sink, until the provider has everything."""
    if load.with_wrk and shutil.which("wrk"):
        generate, name = run_wrk, "wrk"
    else:
        generate, name = run_python, "python"
    if load.warmup:
        generate(url, replace(load, seconds=load.warmup))
    sink = Deliveries(load.sink) if load.sink else None
    reached = sink.settle(load.settle)[0] if sink else 0
    meter = Meter(load.pids)
    row = generate(url, load)
    if sink:  # work accepted but not yet done belongs to this round: its CPU is counted, too
        count, drain = sink.settle(load.settle)
        row |= {
            "delivered": count - reached,
            "drain_s": round(drain, 3),
            "drained_rps": round(row["requests"] / (row["seconds"] + drain), 2),
        }
    return {
        "url": url,
        "mode": "closed",
        "load": name,
        "connections": load.connections,
        "phones": load.phones,
        **row,
        **meter.figures(row["requests"], row["seconds"]),
    }


def run_python(url: str, load: Load) -> Row:
    """Generate the load here, where wrk is missing."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    row = run_here(_closed_loop(url, load), load)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return row | {"load_cpu_share": round(spent / row["seconds"], 3)}


async def _closed_loop(url: str, load: Load) -> Row:
    parts, tally = urlsplit(url), Tally(load.check)
    requests = payloads(parts, load)
    start = time.perf_counter()
    end = start + load.seconds
    await asyncio.gather(*(_ask(parts, requests, tally, end) for _ in range(load.connections)))
    return tally.row(time.perf_counter() - start)


async def _ask(url: SplitResult, requests: Iterator[bytes], tally: Tally, end: float) -> None:
    connection = await connect(url)
    while time.perf_counter() < end:
        if not connection.alive:
            connection = await connect(url)
        began = time.perf_counter()
        try:
            tally.note(began, await asyncio.wait_for(connection.send(next(requests)), ANSWER_S))
        except TimeoutError:
            tally.timeouts += 1
            connection.abort()
    connection.close()
