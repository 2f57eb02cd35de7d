"""Checks the harness itself in about fifteen seconds, with whatever is installed.

Each engine of the sink, both load generators, open loop, bulk, compare, the counting of failures.
The exit status is 0 when all hold.
"""

import contextlib
import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring.load import Row
from benchmarks.ports import HOST, free_port
from benchmarks.sinks.nginx import nginx_binary

_HERE = Path(__file__).parent
_SEND = ("--path", "/sys/send.php")
_SECOND = ("--seconds", "1")
_END_S = 10
_ANSWER_S = 10


class Checks:
    """What held and what did not.

    Attributes:
        failed: how many did not.
    """

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, name: str, holds: object, shown: object = "") -> None:
        """Count and print one."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print("ok   " if holds else "FAIL ", name, shown)


@contextlib.contextmanager
def sink(checks: Checks, *arguments: str) -> Iterator[tuple[str, Row]]:
    """Run a sink; its URL and its first line."""
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, _HERE / "sink.py", "--port", str(port), "--max-seconds", "60", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        line = child.stdout.readline() if child.stdout else ""
        try:
            yield f"http://{HOST}:{port}", json.loads(line or "{}")
        finally:
            child.terminate()
            checks.check("a sink ends when told", child.wait(_END_S) is not None)


def bench(*arguments: str) -> tuple[int, Row, str]:
    """Run bench.py; its exit status, its line and what it complained of."""
    done = subprocess.run(
        [sys.executable, _HERE / "bench.py", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def ask(url: str, path: str, body: str = "") -> tuple[int, Row]:
    """Post to a sink; its status and its answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_ANSWER_S)
    with contextlib.closing(connection):
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, json.load(answer)


def check_engine(checks: Checks, engine: str) -> None:
    """Check what an engine of the sink says, and that loads work with it."""
    with sink(checks, "--engine", engine) as (url, ready):
        checks.check(f"{engine} sink starts", ready.get("engine") == engine)
        status, answer = ask(url, "/2010-04-01/Accounts/AC1/Messages.json", "To=%2B79")
        checks.check(
            f"{engine} sink speaks Twilio", status == 201 and answer["sid"].startswith("SM")
        )
        _, answer = ask(url, "/sys/send.php?phones=79")
        checks.check(f"{engine} sink speaks smsc.ru", answer["cnt"] == 1 and "id" in answer)
        watched = ("--check", "cnt", "--sink", url, "--pid", str(ready["pid"]))
        for load in ("python", "auto") if shutil.which("wrk") else ("python",):
            code, row, said = bench("run", url, *_SEND, *_SECOND, "--load", load, *watched)
            checks.check(
                f"{engine} sink under {row.get('load')}",
                code == 0
                and row["requests"] > 100
                and row["delivered"] >= row["requests"]
                and row["cpu_ms_per_1k"] > 0,
                f"{row.get('rps')} req/s {said[-200:]}",
            )


def check_modes(checks: Checks) -> None:
    """Check the other modes, with the engine that is there."""
    with sink(checks) as (url, _):
        code, row, _ = bench("open", url, *_SEND, *_SECOND, "--rate", "200", "--even")
        checks.check(
            "the open loop keeps its rate", code == 0 and 150 < row["rps"] < 250, row.get("rps")
        )
        code, row, _ = bench("bulk", url, *_SEND, "--phones", "1000", "--count", "3")
        checks.check("bulk", code == 0 and row["recipients_per_s"] > 1000)
        code, row, _ = bench("compare", url, url, *_SEND, *_SECOND, "--rounds", "2")
        checks.check(
            "compare gives a ratio near 1",
            code == 0 and 0.3 < row["rps"]["ratio"] < 3,
            row.get("rps"),
        )
    port = free_port()
    server = (sys.executable, "-m", "http.server", "--bind", HOST, str(port))
    code, row, _ = bench("coldstart", f"http://{HOST}:{port}", "--rounds", "2", "--", *server)
    checks.check(
        "a cold start is timed", code == 0 and row["rounds"] == 2 and row["min_ms"] > 1, row
    )


def check_failures(checks: Checks) -> None:
    """Check that what goes wrong is seen."""
    with sink(checks, "--fail-rate", "0.5", "--latency-ms", "20") as (url, _):
        code, row, _ = bench("run", url, *_SEND, *_SECOND, "--load", "python")
        checks.check(
            "failures are counted and the latency is there",
            code == 1 and row["bad_status"] > 10 and row["p50_ms"] >= 19,
        )
    code, _, said = bench("run", "http://192.0.2.1:80", *_SECOND)
    checks.check("another host is refused", code != 0 and "refused" in said)


def main() -> int:
    """Check everything."""
    checks = Checks()
    for engine in ("python", "nginx") if nginx_binary() else ("python",):
        check_engine(checks, engine)
    check_modes(checks)
    check_failures(checks)
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
