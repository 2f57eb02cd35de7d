"""``X-Request-Id``: one name for a request, in its answer and in every log line it causes.

A caller who sends a sane one gets it back; everybody else gets a new one.
"""

import re
from collections.abc import Iterable
from uuid import uuid4

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.logs import REQUEST_ID

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """An ASGI application in front of all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])

        async def send_named(event: Message) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], (HEADER, request_id)]
            await send(event)

        token = REQUEST_ID.set(request_id.decode())
        try:
            await self._app(scope, receive, send_named)
        finally:
            REQUEST_ID.reset(token)


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the caller's own name of a request, or a new one where it may not be repeated.

    Args:
        headers: as ASGI hands them over; of several such lines the first counts.
    """
    shown = next((value for name, value in headers if name == HEADER), b"")
    # A UUID with its dashes: the one kind of digits that logs do not take for a phone.
    return shown if _SANE.fullmatch(shown) else str(uuid4()).encode()
