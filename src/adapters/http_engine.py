"""The HTTP engine under the providers: connections of our own behind httpx's transport interface.

Whether a request may have been written decides between ``Unavailable`` and ``Unconfirmed``. The
libraries tried report a connection that was lost after the request went out with the error that
means "never connected" elsewhere; here the line is drawn where it is known.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import httpx

from adapters.http_connection import HttpConnection

# Shorter than the 5 s after which a common server closes an idle connection: a POST on a dying
# connection is an unknown outcome for nothing.
IDLE_CONNECTION_S = 4.0
_PORTS = {"http": 80, "https": 443}
_Origin = tuple[str, str, int]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the addresses that may be connected to; raises ``OSError``."""


class HttpEngine(httpx.AsyncBaseTransport):
    """Kept-alive connections to one provider.

    It follows no redirect, keeps no cookie, repeats nothing and reads neither proxies nor passwords
    from the environment.
    """

    def __init__(
        self,
        *,
        connections: int,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        keep_bytes: int | None = None,
    ) -> None:
        """Prepare an engine; connections are made when the first request needs one.

        Args:
            connections: open at the same time, at most.
            tls: how certificates are checked; the system's way by default.
            resolve: finds the addresses of a host, and refuses what must not be connected to; the
                system's way by default.
            keep_bytes: of the body of an answer; see ``HttpConnection``.
        """
        self._resolve = resolve
        self._make = partial(HttpConnection, keep_bytes)
        self._places = asyncio.Semaphore(connections)
        self._tls = tls or ssl.create_default_context()
        self._idle: dict[_Origin, list[HttpConnection]] = defaultdict(list)
        self._sweep: asyncio.TimerHandle | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the whole answer; see ``httpx.AsyncBaseTransport``.

        The ``timeout`` extension's ``pool`` and ``connect`` are obeyed, in seconds; the deadline of
        the exchange is the caller's, who cancels.

        Raises:
            httpx.PoolTimeout, httpx.ConnectTimeout, httpx.ConnectError: not a byte was written.
            httpx.TransportError: it may have been.
        """
        limits = request.extensions.get("timeout", {})
        await self._take_place(limits.get("pool"))
        try:
            origin = _origin(request.url)
            connection = self._kept(origin) or await self._connect(origin, limits.get("connect"))
            response = await connection.exchange(request)
            self._keep(origin, connection)
            return response
        finally:
            self._places.release()

    async def aclose(self) -> None:
        """Close what is idle."""
        if self._sweep is not None:
            self._sweep.cancel()
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()

    async def _take_place(self, timeout_s: float | None) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._places.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are busy") from None

    def _kept(self, origin: _Origin) -> HttpConnection | None:
        """Take the connection that was used last, if it is fresh."""
        kept = self._idle[origin]
        oldest = asyncio.get_running_loop().time() - IDLE_CONNECTION_S
        while kept:
            connection = kept.pop()
            if connection.open and connection.idle_since > oldest:
                return connection
            connection.close()
        return None

    def _keep(self, origin: _Origin, connection: HttpConnection) -> None:
        if not connection.open:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle[origin].append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_CONNECTION_S, self._close_idle)

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - IDLE_CONNECTION_S
        for origin, kept in self._idle.items():
            fresh = [c for c in kept if c.open and c.idle_since > oldest]
            for connection in kept:
                if connection not in fresh:
                    connection.close()
            self._idle[origin] = fresh
        busy = any(self._idle.values())
        self._sweep = loop.call_later(IDLE_CONNECTION_S, self._close_idle) if busy else None

    async def _connect(self, origin: _Origin, timeout_s: float | None) -> HttpConnection:
        scheme, host, port = origin
        tls = self._tls if scheme == "https" else None
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._dial(host, port, tls)
        except TimeoutError:
            raise httpx.ConnectTimeout(f"no connection within {timeout_s:g} s") from None
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(type(error).__name__) from error
        if not connection.open:
            raise httpx.ConnectError("closed as soon as it was opened")
        return connection

    async def _dial(self, host: str, port: int, tls: ssl.SSLContext | None) -> HttpConnection:
        loop = asyncio.get_running_loop()
        if self._resolve is None:
            _, connection = await loop.create_connection(self._make, host, port, ssl=tls)
            return connection
        name = host if tls is not None else None
        failure = OSError("no address")
        for address in await self._resolve(host, port):
            # What was checked is what is connected to: the name is not asked for again.
            try:
                _, connection = await loop.create_connection(
                    self._make, address, port, ssl=tls, server_hostname=name
                )
            except OSError as error:
                failure = error
            else:
                return connection
        raise failure


def _origin(url: httpx.URL) -> _Origin:
    # As it was checked: ``url.host`` would be its Unicode form, which may be read as another name.
    return url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]
