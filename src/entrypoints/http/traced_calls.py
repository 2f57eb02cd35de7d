"""Calls that send: each one taken down, in the trace of the request it makes."""

import time
from collections.abc import Collection

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from adapters.telemetry.trace import CALL, TRACE_ID, Answered, Call, Trace
from entrypoints.http.headers import value_of


class TracedCalls:
    """An ASGI application in front of another, behind the check of keys: strangers are not traced.

    Which request a call makes is known only once it is written: it is taken down afterwards.
    """

    def __init__(self, app: ASGIApp, routes: Collection[str], trace: Trace) -> None:
        """Take ``POST`` on ``routes`` down, and pass everything on to ``app``."""
        self._app = app
        self._routes = frozenset(routes)
        self._trace = trace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "POST":
            route = scope["path"].rstrip("/")
            if route in self._routes:
                await self._traced(route, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _traced(self, route: str, scope: HTTPScope, receive: Receive, send: Send) -> None:
        call, status, began_ns = Call(), 0, time.time_ns()

        async def send_seen(event: Message) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
            await send(event)

        calling, tracing = CALL.set(call), TRACE_ID.set(None)
        try:
            await self._app(scope, receive, send_seen)
        finally:
            TRACE_ID.reset(tracing)
            CALL.reset(calling)
            answered = Answered(
                method="POST",
                route=route,
                request_id=call.request_id,
                began_ns=began_ns,
                status=status,
                caller=value_of(scope["headers"], b"traceparent"),
            )
            self._trace.answered(answered)
