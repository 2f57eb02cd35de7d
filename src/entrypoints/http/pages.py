"""Pages open in a browser: where no key is asked for, those of other sites may not call.

A browser sends for a page of any site, also to addresses only its own machine can reach. That such
a page cannot read the answer does not help against what a call does. Where a key has to be shown
no page of another site has one.
"""

import re

from litestar.types import HTTPScope

from domain.errors import ForbiddenError
from entrypoints.http.headers import header

_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def check_keyless(scope: HTTPScope, *, anywhere: bool) -> None:
    """Refuse a call for which no key was asked, if a page of another site may have sent it.

    Args:
        scope: of the request.
        anywhere: no key is asked of other machines either, which call under any name.

    Raises:
        ForbiddenError: it says what to do.

    Source: Fetch standard, 3.2 (``Origin``); a name of somebody else's that leads to this machine
    is known as DNS rebinding.
    """
    host = header(scope["headers"], b"host").lower()
    origin = header(scope["headers"], b"origin").lower()
    if not anywhere and not _LOOPBACK.fullmatch(host):
        raise ForbiddenError(
            "Without an API key this machine is called as http://127.0.0.1 or http://localhost; "
            "for any other name make a key with habar keys create."
        )
    if not origin or (anywhere and scope["method"] in _READING):
        return
    scheme, _, site = origin.partition("://")
    own = site == host or (not anywhere and _LOOPBACK.fullmatch(site))
    if scheme not in {"http", "https"} or not own:
        raise ForbiddenError(
            "A page of another site may not call without an API key. If it is no other site, let "
            "the proxy in front pass the Host header on."
        )
