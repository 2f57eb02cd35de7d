"""What is sent to a server, and how."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

DEFAULT_BODY = '{"phones":{phones},"message":"Your code is 4821. Do not share it."}'
MAX_SECONDS, MAX_CONNECTIONS, MAX_RATE = 120, 2048, 20000
WITHOUT_BODY = ("GET", "HEAD")

Row = dict[str, Any]
"""One run's figures, as they are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load: what each request is, how many there are, and what is watched meanwhile.

    Attributes:
        path: with ``{phones}``, ``{phone}`` and ``{n}`` to be filled in, as in the body.
        headers: each ``NAME:VALUE``.
        phones: how many ``{phones}`` stands for.
        check: an answer without this text is an error.
        seconds: how long a loop lasts.
        warmup: seconds of load that nobody counts, before it.
        rate: requests a second of the open loop.
        even: the open loop has even gaps, not those of a Poisson process.
        count: requests of a bulk.
        pids: the server's processes; their children are included.
        sink: where the server's provider is, to wait for queued work.
        settle: how many seconds to wait for that at most.
        cpu: the processor that the load is pinned to.
        with_wrk: use wrk where it is installed and fits.
    """

    method: str = "POST"
    path: str = "/sms"
    body: str = DEFAULT_BODY
    content_type: str = "application/json"
    headers: tuple[str, ...] = ()
    phones: int = 1
    prefix: str = "79"
    digits: int = 9
    seed: int = 1
    check: str = ""
    seconds: float = 8.0
    warmup: float = 0.0
    connections: int = 64
    rate: float = 200.0
    even: bool = False
    count: int = 10
    pids: tuple[int, ...] = ()
    sink: str | None = None
    settle: float = 30.0
    cpu: int | None = None
    with_wrk: bool = True


class Template:
    """Fills in phones: random, and the same ones for the same seed."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._random = random.Random(load.seed)
        self._top = 10**load.digits

    def fill(self, text: str, n: int) -> str:
        """Fill in ``{phones}``, ``{phone}`` and ``{n}``."""
        if "{phones}" in text:
            many = ",".join(f'"+{self._phone()}"' for _ in range(self._load.phones))
            text = text.replace("{phones}", f"[{many}]")
        return text.replace("{phone}", self._phone()).replace("{n}", str(n))

    def _phone(self) -> str:
        serial = self._random.randrange(self._top)
        return f"{self._load.prefix}{serial:0{self._load.digits}d}"


def payloads(url: SplitResult, load: Load) -> Iterator[bytes]:
    """Make requests, byte by byte as they go over the wire, without end."""
    template = Template(load)
    prefix = url.path.rstrip("/")
    pairs = [header.split(":", 1) for header in load.headers]
    extra = "".join(f"{name}: {value.strip()}\r\n" for name, value in pairs)
    n = 0
    while True:
        n += 1
        body = b"" if load.method in WITHOUT_BODY else template.fill(load.body, n).encode()
        path = f"{prefix}{template.fill(load.path, n)}"
        head = f"{load.method} {path} HTTP/1.1\r\nHost: {url.netloc}\r\n{extra}"
        if body:
            head += f"Content-Type: {load.content_type}\r\nContent-Length: {len(body)}\r\n"
        yield head.encode() + b"\r\n" + body
