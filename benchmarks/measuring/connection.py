"""One keep-alive connection, one request in flight: HTTP/1.1, as little as a load needs."""

import asyncio
from typing import cast
from urllib.parse import SplitResult

from benchmarks.measuring.loopback import host_of, port_of
from benchmarks.measuring.tally import Answer

_LENGTH = b"content-length:"
_CHUNKED = b"transfer-encoding: chunked"
_LAST_CHUNK = b"0\r\n\r\n"
_LOST: Answer = (0, b"")


class Connection(asyncio.Protocol):
    """A connection to the server under load.

    Attributes:
        alive: it can be used again.
    """

    def __init__(self) -> None:
        self.alive = False
        self._waiter: asyncio.Future[Answer] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast("asyncio.Transport", transport)
        self.alive = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See ``asyncio.Protocol``."""
        self.alive = False
        self._answer(_LOST)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        end = self._end(head, head_end + 4)
        if end is None or len(self._buffer) < end:
            return
        body, status = self._buffer[head_end + 4 : end], int(head.split(b" ", 2)[1])
        self._buffer = self._buffer[end:]
        if b"connection: close" in head:
            self._transport.close()
            self.alive = False
        self._answer((status, body))

    def send(self, payload: bytes) -> asyncio.Future[Answer]:
        """Send a request; the answer comes with the future."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(payload)
        return self._waiter

    def close(self) -> None:
        """Close it in good order."""
        self._transport.close()

    def abort(self) -> None:
        """Close it at once: its answer did not come."""
        self._transport.abort()

    def _end(self, head: bytes, body_start: int) -> int | None:
        """Return where the answer ends, ``None`` where that is not known yet."""
        at = head.find(_LENGTH)
        if at >= 0:
            return body_start + int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if _CHUNKED in head:
            return len(self._buffer) if self._buffer.endswith(_LAST_CHUNK) else None
        return body_start

    def _answer(self, answer: Answer) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(answer)


async def connect(url: SplitResult) -> Connection:
    """Open a connection."""
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(Connection, host_of(url), port_of(url)))[1]
