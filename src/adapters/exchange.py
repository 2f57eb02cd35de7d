"""One HTTP exchange with a provider; a network failure becomes an outcome.

Whether a request may have reached the provider decides everything that follows, so the line is
drawn here once: no connection, nothing sent (``Unavailable``); a connection, perhaps sent
(``Unconfirmed``).
"""

import asyncio
from dataclasses import dataclass

import httpx

from domain.outcome import Unavailable, UnavailableKind, Unconfirmed

CONNECT_TIMEOUT_S = 10.0
NO_HEADERS = httpx.Headers()
_FORM_HEADERS = (
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"accept-encoding", b"identity"),
)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered, whatever its HTTP status.

    Attributes:
        content: the body as it came; we ask for no compression.
    """

    status_code: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_success(self) -> bool:
        """Tell whether the HTTP status is 2xx."""
        return self.status_code // 100 == 2  # noqa: PLR2004 - RFC 9110, 15.3


def form_request(url: httpx.URL, form: bytes, headers: httpx.Headers = NO_HEADERS) -> httpx.Request:
    """Make the POST of a form.

    Its length is written here and its body is a stream: filled in by httpx itself, these two cost
    more than everything else an adapter does for a message.
    """
    length = (b"content-length", str(len(form)).encode())
    lines = [*headers.raw, *_FORM_HEADERS, length]
    return httpx.Request("POST", url, headers=lines, stream=httpx.ByteStream(form))


async def exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, *, timeout_s: float
) -> Answer | Unavailable | Unconfirmed:
    """Send one request and read the whole answer; never repeats, never follows a redirect.

    Args:
        transport: raises ``ConnectError``, ``ConnectTimeout`` or ``PoolTimeout`` only when not a
            byte of the request was written.
        request: complete; its ``timeout`` extension is set here.
        timeout_s: for the exchange from first to last byte, in seconds.
    """
    connect_s = min(CONNECT_TIMEOUT_S, timeout_s / 2)
    request.extensions["timeout"] = {"connect": connect_s, "pool": connect_s}
    try:
        async with asyncio.timeout(timeout_s):
            response = await transport.handle_async_request(request)
            return Answer(response.status_code, response.headers, await _read(response))
    except _NOT_SENT as error:
        return Unavailable(kind=UnavailableKind.NETWORK, text=_seen(error))
    except TimeoutError:
        return Unconfirmed(f"no answer within {timeout_s:g} s")
    except httpx.TransportError as error:
        return Unconfirmed(_seen(error))


async def _read(response: httpx.Response) -> bytes:
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise httpx.RemoteProtocolError("an answer without a body to read")
    return b"".join([chunk async for chunk in stream])


def _seen(error: Exception) -> str:
    """Name a failure without its text, which may carry an address with credentials in it."""
    return type(error.__cause__ or error).__name__
