"""Big requests, one after another on one connection."""

import http.client
import itertools
import socket
import statistics
import time

from benchmarks.measuring.load import Load, Row, payloads
from benchmarks.measuring.loopback import host_of, loopback, port_of
from benchmarks.measuring.process_figures import Meter
from benchmarks.measuring.tally import is_bad

_ANSWER_S = 60


def run_bulk(url: str, load: Load) -> Row:
    """Send the requests; figures per second and per CPU second count recipients."""
    parts = loopback(url)
    requests = list(itertools.islice(payloads(parts, load), load.count))
    meter = Meter(load.pids)
    times_ms, bad = [], 0
    connection = socket.create_connection((host_of(parts), port_of(parts)), _ANSWER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start = time.perf_counter()
    for payload in requests:
        began = time.perf_counter()
        connection.sendall(payload)
        answer = http.client.HTTPResponse(connection, method=load.method)
        answer.begin()
        body = answer.read()
        times_ms.append((time.perf_counter() - began) * 1000)
        bad += is_bad(answer.status) or load.check.encode() not in body
    seconds = time.perf_counter() - start
    connection.close()
    recipients = load.phones * load.count
    return {
        "url": url,
        "mode": "bulk",
        "phones": load.phones,
        "requests": load.count,
        "seconds": round(seconds, 4),
        "recipients_per_s": round(recipients / seconds, 1),
        "rps": round(load.count / seconds, 3),
        "p50_ms": round(statistics.median(times_ms), 2),
        "max_ms": round(max(times_ms), 2),
        "p99_ms": round(max(times_ms), 2),
        "errors": bad,
        **meter.figures(recipients, seconds),
    }
