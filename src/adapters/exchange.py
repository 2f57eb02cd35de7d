"""One HTTP exchange with a provider; a network failure becomes an outcome.

Whether a request may have reached the provider decides everything that follows, so the line is
drawn here once: no connection, nothing sent (``Unavailable``); a connection, perhaps sent
(``Unconfirmed``).
"""

import asyncio

import httpx

from domain.outcome import Unavailable, UnavailableKind, Unconfirmed

MAX_ANSWER_BYTES = 1_048_576
CONNECT_TIMEOUT_S = 10.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


async def exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, *, timeout_s: float
) -> httpx.Response | Unavailable | Unconfirmed:
    """Send one request and read the whole answer; never repeats, never follows a redirect.

    Args:
        transport: raises ``ConnectError``, ``ConnectTimeout`` or ``PoolTimeout`` only when not a
            byte of the request was written.
        request: complete; its ``timeout`` extension is set here.
        timeout_s: for the exchange from first to last byte, in seconds.

    Returns:
        The answer with its body read, whatever its HTTP status; or what the failure means.
    """
    connect_s = min(CONNECT_TIMEOUT_S, timeout_s / 2)
    request.extensions["timeout"] = {"connect": connect_s, "pool": connect_s}
    try:
        async with asyncio.timeout(timeout_s):
            try:
                response = await transport.handle_async_request(request)
            except _NOT_SENT as error:
                return Unavailable(kind=UnavailableKind.NETWORK, text=_seen(error))
            return await _read(response)
    except TimeoutError:
        return Unconfirmed(f"no answer within {timeout_s:g} s")
    except httpx.TransportError as error:
        return Unconfirmed(_seen(error))


async def _read(response: httpx.Response) -> httpx.Response | Unconfirmed:
    """Read the body up to 1 MiB; past the headers every failure leaves the outcome open."""
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        return Unconfirmed("an answer without a body to read")
    body = bytearray()
    try:
        async for chunk in stream:
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                return Unconfirmed(f"an answer of over {MAX_ANSWER_BYTES} bytes")
    except httpx.TransportError as error:
        return Unconfirmed(f"the answer broke off: {_seen(error)}")
    finally:
        await response.aclose()
    # The body as it came: we ask for no compression, and unpacking could be a bomb.
    response.headers.pop("content-encoding", None)
    return httpx.Response(response.status_code, headers=response.headers, content=bytes(body))


def _seen(error: Exception) -> str:
    """Name a failure without its text, which may carry an address with credentials in it."""
    return type(error.__cause__ or error).__name__
