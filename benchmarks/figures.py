"""Measures Habar beside its yardsticks and prints a Markdown table.

    figures.py                          everything, on SQLite: about four minutes
    figures.py --quick                  short rounds, to see whether it works: about a minute
    figures.py --database postgres
    figures.py --only single,latency    only some of: single, latency, bulk, start

It starts all it needs on free ports of 127.0.0.1, in a temporary folder, and ends it again:
gateways and yardsticks on one processor, providers and loads on another. What is missing on this
machine is left out, and named under the table. The exit status is 1 where any answer was wrong.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.sinks.nginx import nginx_binary
from benchmarks.stand.databases import databases
from benchmarks.stand.figure import Figure, table
from benchmarks.stand.measurements import MEASUREMENTS
from benchmarks.stand.stand import Stand, kannel_is_installed, processors

_ROUNDS, _SECONDS = 5, 3
_QUICK_ROUNDS, _QUICK_SECONDS = 2, 1


def main() -> int:
    """Measure, print the table, and what has to be known to read it."""
    given = _arguments()
    signal.signal(signal.SIGTERM, _end)
    server_cpu, load_cpu = processors()
    with (
        tempfile.TemporaryDirectory(prefix="figures-", ignore_cleanup_errors=True) as folder,
        databases(given.database, Path(folder)) as made,
    ):
        if shutil.which("taskset"):
            # What is started from here on stays there, unless it is pinned elsewhere.
            os.sched_setaffinity(0, {load_cpu})
        stand = Stand(
            folder=Path(folder),
            databases=made,
            server_cpu=server_cpu,
            load_cpu=load_cpu,
            rounds=_QUICK_ROUNDS if given.quick else _ROUNDS,
            seconds=_QUICK_SECONDS if given.quick else _SECONDS,
        )
        figures = [figure for name in given.only for figure in MEASUREMENTS[name](stand)]
    print(table(figures))
    print()
    print(" ".join(_notes(stand)))
    return _status(figures)


def _status(figures: Sequence[Figure]) -> int:
    return 1 if any(figure.errors for figure in figures) else 0


def _notes(stand: Stand) -> list[str]:
    notes = [
        f"{stand.databases.title}. Python {platform.python_version()}, {_processor()}.",
        f"{stand.rounds} interleaved rounds of {stand.seconds} s.",
    ]
    if not shutil.which("taskset"):
        notes.append("**No taskset: servers were pinned to no processor.**")
    elif stand.server_cpu == stand.load_cpu:
        notes.append("**One processor only: loads and servers got in each other's way.**")
    else:
        notes.append(f"Servers on processor {stand.server_cpu}, all else on {stand.load_cpu}.")
    if not shutil.which("wrk"):
        notes.append("No wrk: the closed loops were generated in Python.")
    if not nginx_binary():
        notes.append("No nginx: the sinks were Python.")
    if not kannel_is_installed():
        notes.append("No Kannel: its rows are missing.")
    return notes


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} processors {models[0] if models else platform.machine()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--only", type=_names, default=list(MEASUREMENTS), metavar="NAME,…")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such measurement: {', '.join(unknown)}")
    return names


def _end(_number: int, _frame: FrameType | None) -> None:
    """End in good order: everything that was started is ended first."""
    sys.exit("ended")


if __name__ == "__main__":
    sys.exit(main())
