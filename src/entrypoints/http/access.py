"""Who may call: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``.

Whoever it is goes along in the scope; see ``incoming.caller_of``.
"""

import math
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from application.access import Access, demand
from application.errors import RateLimitedError, UnauthorizedError
from domain.api_key import Network
from domain.errors import ForbiddenError
from entrypoints.http.addresses import address_of, is_local
from entrypoints.http.errors import error_reply, reply_to
from entrypoints.http.incoming import CALLER, caller_of
from entrypoints.http.pages import check_keyless
from entrypoints.http.replies import Reply
from entrypoints.http.shortcut import send_reply

OPEN = frozenset({"/livez", "/readyz", "/callbacks/"})
"""Paths that need no key; one that ends in a slash is open with everything below it.

Providers have no key: a callback proves in its own way where it comes from.
"""
NEEDS = "scope"
"""The option of a route that names the scope it needs."""
_DENIED = error_reply(
    HTTPStatus.UNAUTHORIZED,
    "unauthorized",
    "Show an API key: Authorization: Bearer KEY, or X-API-Key: KEY.",
    headers={"WWW-Authenticate": "Bearer"},
)


class KeyGuard:
    """An ASGI application in front of another: who may not call does not get in."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        proxies: Sequence[Network] = (),
        *,
        also_open: Sequence[str] = (),
    ) -> None:
        """Guard an application.

        Args:
            app: what is guarded.
            access: knows who may call.
            proxies: that are trusted to say for whom they call.
            also_open: paths that need no key in this deployment, written as in ``OPEN``.
        """
        self._app = app
        self._access = access
        self._proxies = proxies
        self._open = OPEN.union(also_open)
        self._below = tuple(path for path in self._open if path.endswith("/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == ScopeType.HTTP and not self._is_open(scope["path"]):
            try:
                await self._let_in(scope)
            except Exception as error:  # noqa: BLE001 - every error has its reply
                await send_reply(_refusal(error), send)
                return
        await self._app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        return path in self._open or path.startswith(self._below)

    async def _let_in(self, scope: HTTPScope) -> None:
        shown = list(_keys(scope))
        address = address_of(scope, self._proxies)
        local = not shown and is_local(scope, address)
        caller = await self._access(shown, address, local=local)
        if caller.account is None:
            check_keyless(scope, anywhere=self._access.disabled)
        cast("dict[str, Any]", scope)[CALLER] = caller


def check_scope(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse who may not call a route; one that names no scope is nobody's to call.

    Raises:
        ForbiddenError: it names the scope that is missing.
    """
    needed = handler.opt.get(NEEDS)
    if needed is None:
        raise ForbiddenError("This route is open to nobody.")
    demand(caller_of(connection.scope), needed)


def _refusal(error: Exception) -> Reply:
    match error:
        case UnauthorizedError():
            return _DENIED
        case RateLimitedError():
            return error_reply(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate_limited",
                "This API key is used more often than it may be; wait a moment.",
                headers={"Retry-After": str(math.ceil(error.wait_s))},
            )
        case _:
            return reply_to(error)


def _keys(scope: HTTPScope) -> Iterator[bytes]:
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            yield value
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            yield value[7:].strip()
