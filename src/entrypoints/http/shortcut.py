"""The short way for ``POST /sms`` and ``POST /call``.

Litestar spends about as long on finding and calling a handler as everything else in Habar spends on
a message. These two routes carry the load, so they are answered in front of it, by the same
function as the handlers; all the rest passes through.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from litestar.enums import ScopeType
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from application.access import demand
from domain.caller import Scope as Needed
from entrypoints.http.bodies import MAX_BODY_BYTES
from entrypoints.http.errors import BodyError, error_reply, reply_to
from entrypoints.http.incoming import Incoming, caller_of, incoming
from entrypoints.http.replies import Reply

Answer = Callable[[Incoming], Awaitable[Reply]]
_CUT_SHORT = error_reply(
    HTTPStatus.OK,
    "unconfirmed",
    "The service stopped while it sent this: it may have been sent. Do not send it again.",
)


class Shortcut:
    """An ASGI application in front of another."""

    def __init__(self, app: ASGIApp, routes: Mapping[str, Answer]) -> None:
        """Answer ``POST`` on the paths of ``routes`` here, and leave the rest to ``app``."""
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "POST":
            answer = self._routes.get(scope["path"])
            if answer is not None:
                reply = await _serve(answer, scope, receive)
                await send_reply(reply, send)
                return
        await self._app(scope, receive, send)


async def _serve(answer: Answer, scope: HTTPScope, receive: Receive) -> Reply:
    try:
        demand(caller_of(scope), Needed.SEND)
        return await answer(incoming(scope, await _body(receive)))
    except asyncio.CancelledError:
        # The server waits no longer. Its own answer would be a 500 that says nothing, and a 503
        # would be taken for leave to send it again.
        return _CUT_SHORT
    except Exception as error:  # noqa: BLE001 - every error has its reply
        return reply_to(error)


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        event: Any = await receive()
        if event["type"] == "http.disconnect":
            raise BodyError("incomplete_body", "The body broke off.")
        body += event.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise RequestEntityTooLarge
        more = event.get("more_body", False)
    return bytes(body)


async def send_reply(reply: Reply, send: Send) -> None:
    """Write a reply to the wire."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(reply.body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in reply.headers.items()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
