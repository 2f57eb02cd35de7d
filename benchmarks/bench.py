#!/usr/bin/env python3
"""Load runner: one base URL in, one JSON line out. Loopback only, bounded in time and count.

    bench.py run       http://127.0.0.1:8000 --pid PID          closed loop (wrk): req/s, p50/p99, CPU
    bench.py run       URL --sink http://127.0.0.1:9100 …       the same, with queued work drained
    bench.py open      http://127.0.0.1:8000 --rate 500         open loop: honest latency at a fixed rate
    bench.py compare   URL_A URL_B --rounds 5                   interleaved rounds, median ratios A/B
    bench.py coldstart URL -- COMMAND ...                       spawn -> first good answer
    bench.py bulk      URL --phones 1000 --count 20             big requests one after another

What is sent: POST /sms {"phones":["+79…"],"message":"…"}; change it with --method, --path,
--body, --header (in path and body {phones}, {phone} and {n} are filled in). With --pid
(repeat it; children are included) the line also has the server's CPU time and memory.
Read README.md before quoting a number: on a shared machine only interleaved ratios mean much.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import ipaddress
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")
DEFAULT_BODY = '{"phones":{phones},"message":"Your code is 4821. Do not share it."}'
MAX_SECONDS, MAX_CONNECTIONS, MAX_RATE = 120, 2048, 20000


# ---------------------------------------------------------------- processes
def tree(pids: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = open(f"/proc/{name}/stat").read()
            except OSError:
                continue
            children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(name))
    out, todo = [], list(pids)
    while todo:
        pid = todo.pop()
        if pid not in out:
            out.append(pid)
            todo += children.get(pid, [])
    return out


def usage(pids: list[int]) -> dict:
    """CPU seconds so far, and resident/proportional/peak memory, summed over the trees."""
    cpu = 0.0
    memory = {"Rss": 0, "Pss": 0, "VmHWM": 0}
    for pid in tree(pids):
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            cpu += sum(map(int, fields[11:15])) / TICK  # own time and that of reaped children
            for line in open(f"/proc/{pid}/smaps_rollup"):
                key = line.split(":")[0]
                if key in ("Rss", "Pss"):
                    memory[key] += int(line.split()[1])
            for line in open(f"/proc/{pid}/status"):
                if line.startswith("VmHWM"):
                    memory["VmHWM"] += int(line.split()[1])
        except OSError:
            continue
    return {
        "cpu": cpu,
        "rss_mb": round(memory["Rss"] / 1024, 1),
        "pss_mb": round(memory["Pss"] / 1024, 1),
        "peak_mb": round(memory["VmHWM"] / 1024, 1),
    }


def loopback(url: str):
    parts = urlsplit(url)
    for info in socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM):
        if not ipaddress.ip_address(info[4][0]).is_loopback:
            sys.exit(f"refused: {parts.hostname} is not a loopback address")
    return parts


def with_usage(row: dict, args, before: dict | None, requests: int, seconds: float) -> dict:
    if before is not None:
        after = usage(args.pid)
        cpu = after["cpu"] - before["cpu"]
        row["cpu_share"] = round(cpu / seconds, 3)
        row["cpu_ms_per_1k"] = round(cpu * 1e6 / requests, 2) if requests else None
        row["rps_per_cpu_s"] = round(requests / cpu, 1) if cpu else None
        row.update({k: v for k, v in after.items() if k != "cpu"})
    return row


# ---------------------------------------------------------------- what reached the provider
class Sink:
    """The sink's request counter, so that queued work is waited for and losses are seen."""

    def __init__(self, url: str):
        self.parts, self.own, self.path = loopback(url), 0, "/stats"
        if self.get() is None:
            self.path = "/stub"  # nginx: every request counts, these included
            if self.get() is None:
                sys.exit(f"no /stats or /stub at {url}")

    def get(self):
        connection = http.client.HTTPConnection(
            self.parts.hostname, self.parts.port or 80, timeout=5
        )
        connection.request("GET", self.path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        self.own += self.path == "/stub" or answer.status == 404
        if answer.status != 200:
            return None
        if self.path == "/stats":
            return json.loads(body)["requests"]
        return int(body.splitlines()[2].split()[2]) - self.own

    def settle(self, most: float, quiet: float = 0.4) -> tuple[int, float]:
        """Wait until the counter stands still for QUIET seconds -> (count, seconds until then)."""
        start = moved = time.perf_counter()
        count = self.get()
        while time.perf_counter() - moved < quiet and time.perf_counter() - start < most:
            time.sleep(0.05)
            now = self.get()
            if now != count:
                count, moved = now, time.perf_counter()
        return count, moved - start


# ---------------------------------------------------------------- closed loop
def run_wrk(url: str, args) -> dict:
    base = url.rstrip("/")
    command = [
        "wrk",
        "-t1",
        f"-c{args.connections}",
        f"-d{max(1, round(args.seconds))}s",
        "--timeout",
        "10s",
        "-s",
        os.path.join(HERE, "lua", "request.lua"),
        base,
        "--",
        f"method={args.method}",
        f"path={args.path}",
        f"phones={args.phones}",
        f"prefix={args.prefix}",
        f"digits={args.digits}",
        f"seed={args.seed}",
    ]
    if args.method not in ("GET", "HEAD"):
        command += [f"body={args.body}", f"type={args.type}"]
    command += [f"check={args.check}"] if args.check else []
    command += [f"header={h}" for h in args.header]
    if args.load_cpu is not None and shutil.which("taskset"):
        command = ["taskset", "-c", str(args.load_cpu)] + command
    load0 = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=args.seconds + 60)
    load1 = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"^@@(.*)$", done.stdout, re.M)
    if not found:
        sys.exit(f"wrk failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    row = json.loads(found[1])
    spent = load1.ru_utime + load1.ru_stime - load0.ru_utime - load0.ru_stime
    row["load_cpu_share"] = round(spent / row["seconds"], 3)
    row["errors"] = row["bad_status"] + row["bad_body"] + row["socket_errors"] + row["timeouts"]
    return row


def run_closed(url: str, args) -> dict:
    if args.load != "python" and shutil.which("wrk"):
        generator, name = run_wrk, "wrk"
    else:
        generator, name = run_python_closed, "python"
    if args.warmup:
        keep, args.seconds = args.seconds, args.warmup
        generator(url, args)
        args.seconds = keep
    sink = Sink(args.sink) if args.sink else None
    reached = sink.settle(args.settle)[0] if sink else 0
    before = usage(args.pid) if args.pid else None
    row = generator(url, args)
    if sink:  # work accepted but not yet done belongs to this round: wait for it, count its CPU
        count, drain = sink.settle(args.settle)
        row.update(
            delivered=count - reached,
            drain_s=round(drain, 3),
            drained_rps=round(row["requests"] / (row["seconds"] + drain), 2),
        )
    row = with_usage(row, args, before, row["requests"], row["seconds"])
    return {
        "url": url,
        "mode": "closed",
        "load": name,
        "connections": args.connections,
        "phones": args.phones,
        **row,
    }


# ---------------------------------------------------------------- Python generator
class Client(asyncio.Protocol):
    """One keep-alive connection, one request in flight."""

    def __init__(self):
        self.waiter = None
        self.buffer = b""
        self.alive = False

    def connection_made(self, transport):
        self.transport, self.alive = transport, True

    def connection_lost(self, exc):
        self.alive = False
        if self.waiter and not self.waiter.done():
            self.waiter.set_result((0, b""))

    def data_received(self, data):
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            end = head_end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
        elif b"transfer-encoding: chunked" in head:
            if not self.buffer.endswith(b"0\r\n\r\n"):
                return
            end = len(self.buffer)
        else:
            end = head_end + 4
        if len(self.buffer) < end:
            return
        body, status = self.buffer[head_end + 4 : end], int(head.split(b" ", 2)[1])
        self.buffer = self.buffer[end:]
        if b"connection: close" in head:
            self.transport.close()
            self.alive = False
        if self.waiter and not self.waiter.done():
            self.waiter.set_result((status, body))

    def send(self, payload):
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(payload)
        return self.waiter


def payloads(parts, args):
    rng, n = random.Random(args.seed), 0
    top = 10**args.digits

    def phone():
        return f"{args.prefix}{rng.randrange(top):0{args.digits}d}"

    def fill(template):
        if "{phones}" in template:
            many = ",".join(f'"+{phone()}"' for _ in range(args.phones))
            template = template.replace("{phones}", f"[{many}]")
        return template.replace("{phone}", phone()).replace("{n}", str(n))

    prefix = parts.path.rstrip("/")
    extra = "".join(f"{h.split(':', 1)[0]}: {h.split(':', 1)[1].strip()}\r\n" for h in args.header)
    while True:
        n += 1
        body = b"" if args.method in ("GET", "HEAD") else fill(args.body).encode()
        head = (
            f"{args.method} {prefix}{fill(args.path)} HTTP/1.1\r\nHost: {parts.netloc}\r\n{extra}"
        )
        if body:
            head += f"Content-Type: {args.type}\r\nContent-Length: {len(body)}\r\n"
        yield head.encode() + b"\r\n" + body


class Tally:
    def __init__(self, args):
        self.args, self.latencies = args, []
        self.bad_status = self.bad_body = self.socket_errors = self.timeouts = 0

    def note(self, started, answer):
        status, body = answer
        if status == 0:
            self.socket_errors += 1
            return
        self.latencies.append((time.perf_counter() - started) * 1000)
        if status > 399:
            self.bad_status += 1
        elif self.args.check and self.args.check.encode() not in body:
            self.bad_body += 1

    def row(self, seconds):
        data = sorted(self.latencies) or [0.0]
        at = lambda q: round(data[min(len(data) - 1, int(q * len(data)))], 4)
        return {
            "requests": len(self.latencies),
            "seconds": round(seconds, 4),
            "rps": round(len(self.latencies) / seconds, 2),
            "p50_ms": at(0.5),
            "p90_ms": at(0.9),
            "p99_ms": at(0.99),
            "p999_ms": at(0.999),
            "max_ms": round(data[-1], 4),
            "bad_status": self.bad_status,
            "bad_body": self.bad_body,
            "socket_errors": self.socket_errors,
            "timeouts": self.timeouts,
            "errors": self.bad_status + self.bad_body + self.socket_errors + self.timeouts,
        }


async def connect(parts):
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(Client, parts.hostname, parts.port or 80))[1]


async def closed_loop(url, args):
    parts, tally = urlsplit(url), Tally(args)
    make = payloads(parts, args)
    start = time.perf_counter()
    end = start + args.seconds

    async def worker():
        client = await connect(parts)
        while time.perf_counter() < end:
            if not client.alive:
                client = await connect(parts)
            began = time.perf_counter()
            try:
                tally.note(began, await asyncio.wait_for(client.send(next(make)), 10))
            except asyncio.TimeoutError:
                tally.timeouts += 1
                client.transport.abort()
        client.transport.close()

    await asyncio.gather(*[worker() for _ in range(args.connections)])
    return tally.row(time.perf_counter() - start)


async def open_loop(url, args):
    """Requests start on a timetable (Poisson, or even with --even); latency counts from the
    timetable, so a stalled server cannot hide its queue (no coordinated omission)."""
    parts, tally = urlsplit(url), Tally(args)
    make, rng = payloads(parts, args), random.Random(args.seed)
    free = [await connect(parts) for _ in range(min(args.connections, 64))]
    opened, late, tasks = len(free), 0, set()
    slots = asyncio.Semaphore(args.connections)

    async def one(due):
        nonlocal opened
        async with slots:
            while free and not free[-1].alive:
                free.pop()
            if free:
                client = free.pop()
            else:
                client = await connect(parts)
                opened += 1
            try:
                tally.note(due, await asyncio.wait_for(client.send(next(make)), 10))
            except asyncio.TimeoutError:
                tally.timeouts += 1
                client.transport.abort()
            if client.alive:
                free.append(client)

    start = time.perf_counter()
    due, end = start, start + args.seconds
    while due < end:
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        late = max(late, time.perf_counter() - due)
        task = asyncio.ensure_future(one(time.perf_counter() if wait > 0 else due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += 1 / args.rate if args.even else rng.expovariate(args.rate)
    if tasks:
        await asyncio.wait(list(tasks), timeout=15)
    row = tally.row(time.perf_counter() - start)
    for client in free:
        client.transport.close()
    row.update(generator_late_ms=round(late * 1000, 2), opened=opened)
    return row


def with_loop(coroutine, args):
    if args.load_cpu is not None:
        os.sched_setaffinity(0, {args.load_cpu})
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    return asyncio.run(coroutine)


def run_python_closed(url, args):
    before = resource.getrusage(resource.RUSAGE_SELF)
    row = with_loop(closed_loop(url, args), args)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    row["load_cpu_share"] = round(spent / row["seconds"], 3)
    return row


def run_open(url: str, args) -> dict:
    if args.warmup:
        keep, args.seconds = args.seconds, args.warmup
        with_loop(open_loop(url, args), args)
        args.seconds = keep
    before = usage(args.pid) if args.pid else None
    row = with_loop(open_loop(url, args), args)
    row = with_usage(row, args, before, row["requests"], row["seconds"])
    return {"url": url, "mode": "open", "rate": args.rate, "phones": args.phones, **row}


# ---------------------------------------------------------------- bulk, cold start, compare
def run_bulk(url: str, args) -> dict:
    parts = loopback(url)
    make = payloads(parts, args)
    requests = [next(make) for _ in range(args.count)]
    before = usage(args.pid) if args.pid else None
    times, bad = [], 0
    sock = socket.create_connection((parts.hostname, parts.port or 80), 60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start = time.perf_counter()
    for payload in requests:
        began = time.perf_counter()
        sock.sendall(payload)
        answer = http.client.HTTPResponse(sock, method=args.method)
        answer.begin()
        body = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        bad += answer.status > 399 or bool(args.check and args.check.encode() not in body)
    seconds = time.perf_counter() - start
    row = {
        "url": url,
        "mode": "bulk",
        "phones": args.phones,
        "requests": args.count,
        "seconds": round(seconds, 4),
        "recipients_per_s": round(args.phones * args.count / seconds, 1),
        "rps": round(args.count / seconds, 3),
        "p50_ms": round(statistics.median(times), 2),
        "max_ms": round(max(times), 2),
        "p99_ms": round(max(times), 2),
        "errors": bad,
    }
    return with_usage(row, args, before, args.phones * args.count, seconds)


def run_coldstart(url: str, args) -> dict:
    """Spawn COMMAND, ask URL+path until it answers below 400, stop it; --rounds times."""
    parts = loopback(url)
    walls, cpus, memory = [], [], []
    for _ in range(args.rounds):
        start = time.perf_counter()
        child = subprocess.Popen(
            args.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        good = False
        while time.perf_counter() - start < args.seconds + 20 and child.poll() is None:
            try:
                connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=2)
                connection.request("GET", parts.path.rstrip("/") + args.path)
                good = connection.getresponse().status < 400
            except OSError:
                pass
            if good:
                break
            time.sleep(0.002)
        walls.append((time.perf_counter() - start) * 1000)
        if child.poll() is None:
            state = usage([child.pid])
            cpus.append(state["cpu"] * 1000)
            memory.append(state["rss_mb"])
            os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if not good:
            return {"url": url, "mode": "coldstart", "error": "no good answer", "errors": 1}
    return {
        "url": url,
        "mode": "coldstart",
        "rounds": args.rounds,
        "errors": 0,
        "p50_ms": round(statistics.median(walls), 1),
        "min_ms": round(min(walls), 1),
        "max_ms": round(max(walls), 1),
        "cpu_ms": round(statistics.median(cpus), 1),
        "rss_mb": statistics.median(memory),
    }


def run_compare(args) -> dict:
    rows = {"a": [], "b": []}
    sides = {
        "a": (args.url, args.pid_a, args.path_a, args.method_a, args.body_a),
        "b": (args.url_b, args.pid_b, args.path_b, args.method_b, args.body_b),
    }
    base = (args.path, args.method, args.body)
    one = {"closed": run_closed, "open": run_open, "bulk": run_bulk}[args.mode]
    for round_no in range(args.rounds):
        for side in ("ab", "ba")[round_no % 2]:
            url, args.pid, path, method, body = sides[side]
            args.path, args.method, args.body = path or base[0], method or base[1], body or base[2]
            args.seed = args.base_seed + round_no
            row = one(url, args)
            rows[side].append(row)
            if args.verbose:
                print(json.dumps({"side": side, "round": round_no, **row}), flush=True)
    out = {"mode": f"compare-{args.mode}", "a": args.url, "b": args.url_b, "rounds": args.rounds}
    for key in (
        "rps",
        "drained_rps",
        "recipients_per_s",
        "p50_ms",
        "p99_ms",
        "cpu_ms_per_1k",
        "rss_mb",
        "peak_mb",
    ):
        pairs = [
            (x[key], y[key]) for x, y in zip(rows["a"], rows["b"]) if x.get(key) and y.get(key)
        ]
        if pairs:
            ratios = [x / y for x, y in pairs]
            out[key] = {
                "a": round(statistics.median(x for x, _ in pairs), 3),
                "b": round(statistics.median(y for _, y in pairs), 3),
                "ratio": round(statistics.median(ratios), 3),
                "ratio_min": round(min(ratios), 3),
                "ratio_max": round(max(ratios), 3),
            }
            if key in ("p50_ms", "p99_ms"):
                out[key]["a_minus_b"] = round(statistics.median(x - y for x, y in pairs), 3)
    out["errors"] = sum(r["errors"] for side in rows.values() for r in side)
    return out


# ---------------------------------------------------------------- command line
def main() -> int:
    argv, command = sys.argv[1:], []
    if "--" in argv:
        command = argv[argv.index("--") + 1 :]
        argv = argv[: argv.index("--")]
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("what", choices=("run", "open", "compare", "coldstart", "bulk"))
    p.add_argument("url")
    p.add_argument("url_b", nargs="?")
    p.add_argument("--seconds", type=float, default=8.0)
    p.add_argument("--warmup", type=float, default=0.0, help="seconds of uncounted load first")
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--rate", type=float, default=200.0, help="open loop: requests a second")
    p.add_argument("--even", action="store_true", help="open loop: even gaps, not Poisson")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--count", type=int, default=10, help="bulk: how many requests")
    p.add_argument(
        "--mode", choices=("closed", "open", "bulk"), default="closed", help="for compare"
    )
    p.add_argument("--method", default="POST")
    p.add_argument("--path", default=None, help="default /sms (coldstart: /)")
    p.add_argument("--body", default=DEFAULT_BODY)
    p.add_argument("--type", default="application/json")
    p.add_argument("--header", action="append", default=[], metavar="NAME:VALUE")
    p.add_argument("--phones", type=int, default=1)
    p.add_argument("--prefix", default="79")
    p.add_argument("--digits", type=int, default=9)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--check", default="", help="count answers whose body lacks this as errors")
    p.add_argument("--pid", type=int, action="append", default=[], help="server process (tree)")
    for side in "ab":
        p.add_argument(f"--pid-{side}", type=int, action="append", default=[])
        p.add_argument(f"--path-{side}")
        p.add_argument(f"--method-{side}")
        p.add_argument(f"--body-{side}")
    p.add_argument("--sink", help="the sink's URL: wait for queued work, report what was delivered")
    p.add_argument("--settle", type=float, default=30.0, help="at most so many seconds for that")
    p.add_argument("--load-cpu", type=int, default=None, help="pin the load generator")
    p.add_argument("--load", choices=("auto", "python"), default="auto")
    p.add_argument("--verbose", action="store_true", help="compare: also print each round")
    args = p.parse_args(argv)
    args.command, args.base_seed = command, args.seed
    if args.path is None:
        args.path = "/" if args.what == "coldstart" else "/sms"
    for url in filter(None, (args.url, args.url_b, args.sink)):
        loopback(url)
    if (
        max(args.seconds, args.warmup, args.settle) > MAX_SECONDS
        or args.connections > MAX_CONNECTIONS
        or args.rate > MAX_RATE
    ):
        sys.exit(f"bounds: {MAX_SECONDS} s, {MAX_CONNECTIONS} connections, {MAX_RATE} requests/s")
    if args.what == "compare" and not args.url_b:
        p.error("compare needs two URLs")
    if args.what == "coldstart" and not command:
        p.error("coldstart needs -- COMMAND")
    row = {
        "run": lambda: run_closed(args.url, args),
        "open": lambda: run_open(args.url, args),
        "bulk": lambda: run_bulk(args.url, args),
        "coldstart": lambda: run_coldstart(args.url, args),
        "compare": lambda: run_compare(args),
    }[args.what]()
    print(json.dumps(row))
    return 0 if not row.get("errors") else 1


if __name__ == "__main__":
    sys.exit(main())
