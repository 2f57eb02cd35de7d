"""The cookie a browser shows that has signed in."""

from collections.abc import Sequence

from litestar.datastructures import Cookie
from litestar.types import HTTPScope

from domain.api_key import Network
from entrypoints.http.addresses import is_secure
from entrypoints.http.headers import header

PLAIN = "habar"
HOST_ONLY = "__Host-habar"
"""Browsers take one of this name over TLS only, and from no other host or path.

Source: RFC 6265bis, 4.1.3.2.
"""
_LONGEST = 200


def secret_of(scope: HTTPScope) -> str | None:
    """Return the secret of a session, where one is shown; over TLS only that of a safe cookie."""
    shown = dict(_pairs(header(scope["headers"], b"cookie").replace(",", ";")))
    return shown.get(HOST_ONLY) or shown.get(PLAIN)


def session_cookie(scope: HTTPScope, proxies: Sequence[Network], secret: str) -> Cookie:
    """Make the cookie of a session; it ends with the browser, and the session by itself."""
    secure = is_secure(scope, proxies)
    return Cookie(
        key=HOST_ONLY if secure else PLAIN,
        value=secret,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def ended_cookies(scope: HTTPScope, proxies: Sequence[Network]) -> list[Cookie]:
    """Make what takes the cookie away again."""
    secure = is_secure(scope, proxies)
    names = (HOST_ONLY, PLAIN) if secure else (PLAIN,)
    return [
        Cookie(key=name, value="", path="/", max_age=0, secure=secure, httponly=True)
        for name in names
    ]


def _pairs(text: str) -> list[tuple[str, str]]:
    """Split a ``Cookie`` header; what is too long to be ours is left out."""
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return [(name, value) for name, _, value in pairs if len(value) <= _LONGEST]
