#!/usr/bin/env python3
"""Checks the harness itself in about fifteen seconds, with whatever is installed: each sink engine,
both load generators, open loop, bulk, compare, failure counting. Exit status 0 when all hold."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
PY = sys.executable
passed = failed = 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def check(name, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(("ok   " if good else "FAIL ") + name, shown)


def sink(*args):
    port = free_port()
    child = subprocess.Popen(
        [PY, f"{HERE}/sink.py", "--port", str(port), "--max-seconds", "60", *args],
        stdout=subprocess.PIPE,
        text=True,
    )
    ready = json.loads(child.stdout.readline() or "{}")
    return child, f"http://127.0.0.1:{port}", ready


def bench(*args):
    done = subprocess.run(
        [PY, f"{HERE}/bench.py", *args], capture_output=True, text=True, timeout=60
    )
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


children = []
engines = ["python"] + (
    ["nginx"] if shutil.which("nginx") or os.path.exists("/usr/sbin/nginx") else []
)
for engine in engines:
    child, url, ready = sink("--engine", engine)
    children.append(child)
    check(f"{engine} sink starts", ready.get("engine") == engine)
    answer = urllib.request.urlopen(
        url + "/2010-04-01/Accounts/AC1/Messages.json", data=b"To=%2B79"
    )
    check(
        f"{engine} sink speaks Twilio",
        answer.status == 201 and json.load(answer)["sid"].startswith("SM"),
    )
    answer = json.load(urllib.request.urlopen(url + "/sys/send.php?phones=79"))
    check(f"{engine} sink speaks smsc.ru", answer["cnt"] == 1 and "id" in answer)
    for load in ["python"] + (["auto"] if shutil.which("wrk") else []):
        code, row, err = bench(
            "run",
            url,
            "--path",
            "/sys/send.php",
            "--seconds",
            "1",
            "--load",
            load,
            "--check",
            "cnt",
            "--sink",
            url,
            "--pid",
            str(child.pid),
        )
        check(
            f"{engine} sink under {row.get('load')}",
            code == 0 and row["requests"] > 100 and row["delivered"] >= row["requests"],
            f"{row.get('rps')} req/s {err[-200:]}",
        )
code, row, _ = bench(
    "open", url, "--path", "/sys/send.php", "--rate", "200", "--seconds", "1", "--even"
)
check("open loop keeps its rate", code == 0 and 150 < row["rps"] < 250, f"{row.get('rps')} req/s")
code, row, _ = bench("bulk", url, "--path", "/sys/send.php", "--phones", "1000", "--count", "3")
check("bulk", code == 0 and row["recipients_per_s"] > 1000)
code, row, _ = bench(
    "compare", url, url, "--path", "/sys/send.php", "--seconds", "1", "--rounds", "2"
)
check("compare gives a ratio near 1", code == 0 and 0.3 < row["rps"]["ratio"] < 3, row.get("rps"))
child, url, _ = sink("--engine", "python", "--fail-rate", "0.5", "--latency-ms", "20")
children.append(child)
code, row, _ = bench("run", url, "--path", "/sys/send.php", "--seconds", "1", "--load", "python")
check(
    "failures are counted and the latency is there",
    code == 1 and row["bad_status"] > 10 and row["p50_ms"] >= 19,
)
code, _, err = bench("run", "http://192.0.2.1:80", "--seconds", "1")
check("another host is refused", code != 0 and "refused" in err)
for child in children:
    child.terminate()
    check("sink ends when told", child.wait(10) is not None)
print(f"\n{passed} passed, {failed} failed")
sys.exit(bool(failed))
