"""Who may call: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``.

Whose key it was goes along in the scope, under ``auth``.
"""

import hmac
from collections.abc import Iterable, Iterator
from hashlib import sha256
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from entrypoints.http.errors import error_reply
from entrypoints.http.incoming import account_named
from entrypoints.http.shortcut import send_reply

OPEN = frozenset({"/livez", "/readyz", "/docs", "/openapi.json"})
OPEN_BELOW = ("/docs/", "/callbacks/")
"""The description of the API holds no secret, and a browser cannot show a key to read it.

Providers have no key either: a callback proves in its own way where it comes from.
"""
_DENIED = error_reply(
    HTTPStatus.UNAUTHORIZED,
    "unauthorized",
    "Show an API key: Authorization: Bearer KEY, or X-API-Key: KEY.",
    headers={"WWW-Authenticate": "Bearer"},
)


class KeyGuard:
    """An ASGI application in front of another: no key, no entry."""

    def __init__(self, app: ASGIApp, keys: Iterable[str]) -> None:
        self._app = app
        self._digests = [sha256(key.encode()).digest() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP or _is_open(scope["path"]):
            await self._app(scope, receive, send)
        elif (key := self._shown(scope)) is not None:
            scope["auth"] = account_named(key)
            await self._app(scope, receive, send)
        else:
            await send_reply(_DENIED, send)

    def _shown(self, scope: HTTPScope) -> bytes | None:
        return next((key for key in _keys(scope) if self._knows(key)), None)

    def _knows(self, key: bytes) -> bool:
        digest = sha256(key).digest()
        return any(hmac.compare_digest(digest, known) for known in self._digests)


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def _keys(scope: HTTPScope) -> Iterator[bytes]:
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            yield value
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            yield value[7:].strip()
