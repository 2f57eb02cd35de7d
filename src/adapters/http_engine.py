"""The HTTP engine under the providers: aiohttp, behind httpx's transport interface.

``httpx_aiohttp`` reports a connection that was lost after the request was written as
``ConnectTimeout``, the very error that means "not sent" elsewhere. The cause is looked at here, so
that such a loss stays an unknown outcome.
"""

import ssl

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

# Shorter than the 5 s after which a common server closes an idle connection: a POST on a dying
# connection is an unknown outcome for nothing.
IDLE_CONNECTION_S = 4.0
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class HttpEngine(AiohttpTransport):
    """Connections to one provider: no proxy or netrc from the environment, no cookies."""

    def __init__(self, *, connections: int) -> None:
        """Prepare an engine; connections are made when the first request needs one.

        Args:
            connections: open at the same time, at most.
        """
        self._connections = connections
        super().__init__(verify=ssl.create_default_context(), client=self._session)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=IDLE_CONNECTION_S,
                ssl=self.ssl_context,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; see ``httpx.AsyncBaseTransport``.

        Raises:
            httpx.ConnectError, httpx.ConnectTimeout: not a byte of the request was written.
            httpx.TransportError: it may have been.
        """
        try:
            return await super().handle_async_request(request)
        except httpx.TransportError as error:
            if isinstance(error.__cause__, _NOT_SENT):
                raise
            raise httpx.ReadError(type(error.__cause__).__name__) from error.__cause__
        except aiohttp.ClientError as error:
            # Not in the library's table: a malformed answer, for one.
            raise httpx.RemoteProtocolError(type(error).__name__) from error
