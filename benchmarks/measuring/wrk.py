"""The closed loop by wrk, which leaves more of the processor to the rest."""

import json
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.measuring.load import WITHOUT_BODY, Load, Row

_SCRIPT = Path(__file__).parents[1] / "lua" / "request.lua"
_RESULT = re.compile(r"^@@(.*)$", re.MULTILINE)
_ERRORS = ("bad_status", "bad_body", "socket_errors", "timeouts")


def run_wrk(url: str, load: Load) -> Row:
    """Put a server under wrk's load and read its result line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        _command(url, load), capture_output=True, text=True, timeout=load.seconds + 60, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = _RESULT.search(done.stdout)
    if not found:
        sys.exit(f"wrk failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    row: Row = json.loads(found[1])
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    row["load_cpu_share"] = round(spent / row["seconds"], 3)
    row["errors"] = sum(row[name] for name in _ERRORS)
    return row


def _command(url: str, load: Load) -> list[str]:
    pin = []
    if load.cpu is not None and shutil.which("taskset"):
        pin = ["taskset", "-c", str(load.cpu)]
    seconds = max(1, round(load.seconds))
    wrk = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "10s"]
    return [*pin, *wrk, "-s", str(_SCRIPT), url.rstrip("/"), "--", *_words(load)]


def _words(load: Load) -> list[str]:
    """Write what the script has to know."""
    words = [
        f"method={load.method}",
        f"path={load.path}",
        f"phones={load.phones}",
        f"prefix={load.prefix}",
        f"digits={load.digits}",
        f"seed={load.seed}",
    ]
    if load.method not in WITHOUT_BODY:
        words += [f"body={load.body}", f"type={load.content_type}"]
    if load.check:
        words.append(f"check={load.check}")
    return words + [f"header={header}" for header in load.headers]
