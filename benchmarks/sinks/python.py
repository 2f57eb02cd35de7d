"""The sink in Python: slower than nginx, but it can be late and it can fail."""

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import socket
import sys
from typing import cast

from benchmarks.ports import HOST
from benchmarks.sinks.answers import NO_SUCH_PATH, PLAIN_BODY, SMSC_BODY, TWILIO_BODY
from benchmarks.sinks.order import Order, say_ready

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_TWILIO = re.compile(rb"/2010-04-01/Accounts/.*/Messages\.json\Z")


class _Provider:
    """What all connections share.

    Attributes:
        latency_s: how long an answer takes.
    """

    def __init__(self, order: Order) -> None:
        self.latency_s = order.latency_ms / 1000
        self._fail_rate = order.fail_rate
        self._total = 0
        self._serial = random.getrandbits(40)

    def answer(self, path: bytes) -> bytes:
        """Answer a request for a path."""
        if path == b"/stats":
            return _reply(b"200 OK", json.dumps({"requests": self._total}))
        if self._fail_rate and random.random() < self._fail_rate:
            return _reply(b"503 Service Unavailable", '{"error":"injected"}')
        self._serial += 1
        if path == b"/sys/send.php":
            answer = _reply(b"200 OK", SMSC_BODY % self._serial)
        elif _TWILIO.match(path):
            answer = _reply(b"201 Created", TWILIO_BODY % f"{self._serial:032x}")
        elif path == b"/ok":
            answer = _reply(b"200 OK", PLAIN_BODY)
        else:
            return _reply(b"404 Not Found", NO_SUCH_PATH)
        self._total += 1
        return answer


class _Caller(asyncio.Protocol):
    """One connection: keep-alive, pipelining, bodies with a Content-Length."""

    def __init__(self, provider: _Provider) -> None:
        self._provider = provider
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast("asyncio.Transport", transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._buffer = self._buffer + data if self._buffer else data
        while True:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self._buffer[:head_end]
            found = _LENGTH.search(head)
            end = head_end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < end:
                return
            self._buffer = self._buffer[end:]
            answer = self._provider.answer(head.split(b" ", 2)[1].split(b"?", 1)[0])
            if self._provider.latency_s:
                loop = asyncio.get_running_loop()
                loop.call_later(self._provider.latency_s, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def run_python(order: Order) -> int:
    """Serve until told to end; the exit code."""
    provider = _Provider(order)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Caller(provider), HOST, order.port, backlog=4096, reuse_address=True
    )
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    if order.until_stdin_closes:
        loop.add_reader(sys.stdin, lambda: None if sys.stdin.read(1) else done.set())
    say_ready(order, "python", os.getpid())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), order.max_seconds)
    server.close()
    return 0


def _reply(status: bytes, body: str) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    content = body.encode()
    return head % (status, len(content)) + content
