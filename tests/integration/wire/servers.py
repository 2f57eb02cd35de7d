"""Small servers that do one thing, mostly a wrong one."""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

RESET = struct.pack("ii", 1, 0)
_PATIENCE_S = 20.0
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


@dataclass(slots=True)
class Peer:
    """One connection, seen from the server.

    Attributes:
        requests: every request that was read on it, head and body.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes]
    ended: asyncio.Event

    async def request(self) -> bytes:
        """Read one whole request."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.requests.append(head + body)
        return head + body

    async def say(self, data: bytes) -> None:
        """Write some bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"OK", headers: bytes = b"", status: int = 200) -> None:
        """Write a whole answer."""
        head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n".encode()
        await self.say(head + headers + b"\r\n" + body)

    def reset(self) -> None:
        """End the connection with RST."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()

    async def wait_ended(self) -> None:
        """Wait until the other side has ended the connection."""
        await self.reader.read()
        self.ended.set()


@dataclass(slots=True)
class Seen:
    """What a server has seen so far.

    Attributes:
        connections: how many were made.
        ended: set when the other side has ended one that was waited on.
    """

    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, *, connections: int = 0, requests: int = 0) -> None:
        """Wait until so many have come."""
        async with asyncio.timeout(_PATIENCE_S):
            while (  # noqa: ASYNC110 - two counts, and only in tests
                self.connections < connections or len(self.requests) < requests
            ):
                await asyncio.sleep(0.005)


Behaviour = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def serving(behave: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Seen]:
    """Behave so on every connection, on a free port of 127.0.0.1."""
    seen = Seen()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen.connections += 1
        try:
            await behave(Peer(reader, writer, seen.requests, seen.ended))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    seen.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
