"""One connection to a provider: a request out, an answer in, and again."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httptools
import httpx

MAX_ANSWER_BYTES = 1_048_576
MAX_HEAD_BYTES = 65_536
_FIRST_FINAL_STATUS = 200
_Header = tuple[bytes, bytes]


class HttpConnection(asyncio.Protocol):
    """HTTP/1.1 as a client, one exchange at a time.

    Its errors say where the line between sent and not sent is: whatever ``exchange`` raises, the
    request may have arrived.

    Source: RFC 9112; the parser is llhttp.
    """

    def __init__(self, keep_bytes: int | None = None) -> None:
        """Prepare a connection.

        Args:
            keep_bytes: an answer whose body is longer than that ends there, and is no error; by
                default it is one, and the limit is ``MAX_ANSWER_BYTES``.
        """
        self._keep_bytes = keep_bytes
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[httpx.Response] | None = None
        self._headers: list[_Header] = []
        self._body = bytearray()
        self._size = 0
        self._in_body = False
        self.reusable = True
        self.idle_since = 0.0
        self._transport: asyncio.Transport

    async def exchange(self, request: httpx.Request) -> httpx.Response:
        """Write a request and wait for its whole answer.

        Raises:
            httpx.ReadError: the connection was lost.
            httpx.RemoteProtocolError: what came is not HTTP, or larger than an answer is.
        """
        self._answer = self._loop.create_future()
        self._size = 0
        self._transport.write(_written(request))
        try:
            return await self._answer
        except BaseException:
            self.abort()
            raise
        finally:
            self._answer = None

    @property
    def open(self) -> bool:
        """Tell whether another request can be written."""
        return self.reusable and not self._transport.is_closing()

    def close(self) -> None:
        """Say good-bye."""
        self.reusable = False
        self._transport.close()

    def abort(self) -> None:
        """Drop it; an answer still on its way would be taken for the next one."""
        self.reusable = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self._answer is None:
            self.abort()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(httpx.RemoteProtocolError("not HTTP"))
        # What has no end yet counts too: the parser holds a header back until it is whole.
        self._size += len(data)
        if self._size > (MAX_ANSWER_BYTES if self._in_body else 0) + MAX_HEAD_BYTES:
            self._fail(httpx.RemoteProtocolError("too large"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End; an answer that names no length ends with the connection."""
        self.reusable = False
        names = {name.lower() for name, _ in self._headers}
        if exc is None and self._in_body and not names & {b"content-length", b"transfer-encoding"}:
            self._finish()
        else:
            self._fail(httpx.ReadError("connection lost"))

    def on_message_begin(self) -> None:
        """Forget the answer before; the parser calls this and the four below."""
        if self._answer is None or self._answer.done():
            self.reusable = False  # more than was asked for: it would answer the next request
        self._headers = []
        self._body = bytearray()
        self._in_body = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """See the body begin."""
        self._in_body = self._parser.get_status_code() >= _FIRST_FINAL_STATUS

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body += body
        if self._keep_bytes is not None and len(self._body) > self._keep_bytes:
            self.reusable = False
            del self._body[self._keep_bytes :]
            self._finish()

    def on_message_complete(self) -> None:
        """See the answer end; an interim one (1xx) is not it."""
        if self._parser.get_status_code() >= _FIRST_FINAL_STATUS:
            self.reusable = self.reusable and self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        self._in_body = False
        if self._answer is None or self._answer.done():
            self.reusable = False
            return
        status = self._parser.get_status_code()
        stream = _Body(bytes(self._body))
        self._answer.set_result(httpx.Response(status, headers=self._headers, stream=stream))

    def _fail(self, error: httpx.TransportError) -> None:
        self.reusable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class _Body(httpx.AsyncByteStream):
    """A body that is all there."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def _written(request: httpx.Request) -> bytes:
    lines = [
        b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path),
        b"host: %b" % request.url.netloc,
    ]
    lines += [b"%b: %b" % line for line in request.headers.raw if line[0].lower() != b"host"]
    return b"\r\n".join((*lines, b"", request.read()))
