"""From nothing to the first good answer."""

import contextlib
import http.client
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring.load import Row
from benchmarks.measuring.loopback import host_of, loopback, port_of
from benchmarks.measuring.process_figures import Usage, usage
from benchmarks.measuring.tally import is_bad

_POLL_S = 0.002
_END_S = 10


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: how long until it answered, and what that had taken."""

    wall_ms: float
    used: Usage


def run_cold_start(
    url: str, path: str, command: Sequence[str], *, rounds: int, most_s: float
) -> Row:
    """Start the command, ask until it answers well, end it; so many times."""
    starts = []
    for _ in range(rounds):
        start = _start(url, path, command, most_s)
        if start is None:
            return {"url": url, "mode": "coldstart", "error": "no good answer", "errors": 1}
        starts.append(start)
    walls = [start.wall_ms for start in starts]
    return {
        "url": url,
        "mode": "coldstart",
        "rounds": rounds,
        "errors": 0,
        "p50_ms": round(statistics.median(walls), 1),
        "min_ms": round(min(walls), 1),
        "max_ms": round(max(walls), 1),
        "cpu_ms": round(statistics.median(start.used.cpu_s * 1000 for start in starts), 1),
        "rss_mb": statistics.median(start.used.rss_mb for start in starts),
    }


def _start(url: str, path: str, command: Sequence[str], most_s: float) -> _Start | None:
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while time.perf_counter() - began < most_s and child.poll() is None:
            if _answers(url, path):
                wall_ms = (time.perf_counter() - began) * 1000
                return _Start(wall_ms, usage([child.pid]))
            time.sleep(_POLL_S)
        return None
    finally:
        _end(child)


def _answers(url: str, path: str) -> bool:
    parts = loopback(url)
    connection = http.client.HTTPConnection(host_of(parts), port_of(parts), timeout=2)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", parts.path.rstrip("/") + path)
        return not is_bad(connection.getresponse().status)
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(_END_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
