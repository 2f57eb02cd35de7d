"""Load runner: one base URL in, one JSON line out. Loopback only, bounded in time and count.

    bench.py run       http://127.0.0.1:8080 --pid PID          closed loop: req/s, p50/p99, CPU
    bench.py run       URL --sink http://127.0.0.1:9100 …       the same, with queued work drained
    bench.py open      http://127.0.0.1:8080 --rate 500         open loop: latency at a fixed rate
    bench.py compare   URL_A URL_B --rounds 5                   interleaved rounds, ratios A/B
    bench.py coldstart URL -- COMMAND ...                       spawn -> first good answer
    bench.py bulk      URL --phones 1000 --count 20             big requests one after another

What is sent: POST /sms {"phones":["+79…"],"message":"…"}; change it with --method, --path,
--body, --header (in path and body {phones}, {phone} and {n} are filled in). With --pid
(repeat it; children are included) the line also has the server's CPU time and memory.
Read README.md before quoting a number: on a shared machine only interleaved ratios mean much.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring.bulk import run_bulk
from benchmarks.measuring.closed_loop import run_closed
from benchmarks.measuring.cold_start import run_cold_start
from benchmarks.measuring.comparison import MODES, Side, run_compare
from benchmarks.measuring.load import (
    DEFAULT_BODY,
    MAX_CONNECTIONS,
    MAX_RATE,
    MAX_SECONDS,
    Load,
    Row,
)
from benchmarks.measuring.loopback import loopback
from benchmarks.measuring.open_loop import run_open

_STARTED_S = 20


def main() -> int:
    """Do what the command line says; 1 where anything went wrong."""
    arguments, command = sys.argv[1:], []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, command = arguments[:at], arguments[at + 1 :]
    parser = _parser()
    given = parser.parse_args(arguments)
    _check(parser, given, command)
    if given.path is None:
        given.path = "/" if given.what == "coldstart" else "/sms"
    row = _run(given, command)
    print(json.dumps(row))
    return 1 if row.get("errors") else 0


def _run(given: argparse.Namespace, command: list[str]) -> Row:
    load = _load(given)
    match given.what:
        case "run":
            return run_closed(given.url, load)
        case "open":
            return run_open(given.url, load)
        case "bulk":
            return run_bulk(given.url, load)
        case "compare":
            a, b = (_side(given, load, name) for name in "ab")
            return run_compare(given.mode, a, b, rounds=given.rounds, verbose=given.verbose)
        case _:
            most_s = given.seconds + _STARTED_S
            return run_cold_start(
                given.url, given.path, command, rounds=given.rounds, most_s=most_s
            )


def _load(given: argparse.Namespace) -> Load:
    return Load(
        method=given.method,
        path=given.path,
        body=given.body,
        content_type=given.type,
        headers=tuple(given.header),
        phones=given.phones,
        prefix=given.prefix,
        digits=given.digits,
        seed=given.seed,
        check=given.check,
        seconds=given.seconds,
        warmup=given.warmup,
        connections=given.connections,
        rate=given.rate,
        even=given.even,
        count=given.count,
        pids=tuple(given.pid),
        sink=given.sink,
        settle=given.settle,
        cpu=given.load_cpu,
        with_wrk=given.load != "python",
    )


def _side(given: argparse.Namespace, load: Load, name: str) -> Side:
    def own(option: str) -> str | None:
        value: str | None = getattr(given, f"{option}_{name}")
        return value

    load = replace(
        load,
        path=own("path") or load.path,
        method=own("method") or load.method,
        body=own("body") or load.body,
        pids=tuple(getattr(given, f"pid_{name}")),
    )
    return Side(given.url if name == "a" else given.url_b, load)


def _check(parser: argparse.ArgumentParser, given: argparse.Namespace, command: list[str]) -> None:
    for url in filter(None, (given.url, given.url_b, given.sink)):
        loopback(url)
    longest = max(given.seconds, given.warmup, given.settle)
    if longest > MAX_SECONDS or given.connections > MAX_CONNECTIONS or given.rate > MAX_RATE:
        sys.exit(f"bounds: {MAX_SECONDS} s, {MAX_CONNECTIONS} connections, {MAX_RATE} requests/s")
    if given.what == "compare" and not given.url_b:
        parser.error("compare needs two URLs")
    if given.what == "coldstart" and not command:
        parser.error("coldstart needs -- COMMAND")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("what", choices=("run", "open", "compare", "coldstart", "bulk"))
    add("url")
    add("url_b", nargs="?")
    add("--seconds", type=float, default=8.0)
    add("--warmup", type=float, default=0.0, help="seconds of uncounted load first")
    add("--connections", type=int, default=64)
    add("--rate", type=float, default=200.0, help="open loop: requests a second")
    add("--even", action="store_true", help="open loop: even gaps, not Poisson")
    add("--rounds", type=int, default=5)
    add("--count", type=int, default=10, help="bulk: how many requests")
    add("--mode", choices=tuple(MODES), default="closed", help="for compare")
    add("--method", default="POST")
    add("--path", default=None, help="default /sms (coldstart: /)")
    add("--body", default=DEFAULT_BODY)
    add("--type", default="application/json")
    add("--header", action="append", default=[], metavar="NAME:VALUE")
    add("--phones", type=int, default=1)
    add("--prefix", default="79")
    add("--digits", type=int, default=9)
    add("--seed", type=int, default=1)
    add("--check", default="", help="count answers whose body lacks this as errors")
    add("--pid", type=int, action="append", default=[], help="server process (tree)")
    for side in "ab":
        add(f"--pid-{side}", type=int, action="append", default=[])
        add(f"--path-{side}")
        add(f"--method-{side}")
        add(f"--body-{side}")
    add("--sink", help="the sink's URL: wait for queued work, report what was delivered")
    add("--settle", type=float, default=30.0, help="at most so many seconds for that")
    add("--load-cpu", type=int, default=None, help="pin the load generator")
    add("--load", choices=("auto", "python"), default="auto")
    add("--verbose", action="store_true", help="compare: also print each round")
    return parser


if __name__ == "__main__":
    sys.exit(main())
