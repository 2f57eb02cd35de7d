"""The door of the dashboard: every page passes it before it is made."""

from collections.abc import Sequence
from urllib.parse import quote

from litestar import Response
from litestar.types import HTTPScope

from application.visitors import Visitors
from domain.api_key import Network
from domain.errors import ForbiddenError
from entrypoints.dashboard.cookie import secret_of
from entrypoints.dashboard.forms import check_csrf, check_origin
from entrypoints.dashboard.pages import see
from entrypoints.dashboard.visit import ROOT, SIGN_IN, let_in
from entrypoints.http.access import NEEDS
from entrypoints.http.addresses import address_of, is_local
from entrypoints.http.headers import header
from entrypoints.http.pages import check_keyless
from entrypoints.http.replies import HttpRequest

_SAFE = frozenset({"GET", "HEAD"})


class Door:
    """Litestar's ``before_request``: who may not see a page does not get to its handler.

    A route says in its option ``NEEDS`` which scope its visitors must have; one that says nothing
    is everybody's.
    """

    def __init__(self, visitors: Visitors, proxies: Sequence[Network]) -> None:
        self._visitors = visitors
        self._proxies = proxies

    async def __call__(self, request: HttpRequest) -> Response[bytes] | None:
        """Let a visitor in, or send them to sign in.

        Raises:
            ForbiddenError: they may not do this, or another site wants it done.
        """
        scope: HTTPScope = request.scope
        if request.method not in _SAFE:
            check_origin(scope)
        needed = request.route_handler.opt.get(NEEDS)
        if needed is None:
            return None
        address = address_of(scope, self._proxies)
        local = is_local(scope, address)
        visitor = await self._visitors(secret_of(scope), address, local=local)
        if visitor is None:
            return _to_sign_in(request)
        if not visitor.signed_in:
            check_keyless(scope, anywhere=False)
        if not visitor.may(needed):
            raise ForbiddenError(
                f"You are signed in as {visitor.name}, a {visitor.role}, who may not do this."
            )
        if request.method not in _SAFE:
            await check_csrf(request, visitor)
        let_in(scope, visitor, address)
        return None


def own_page(address: str) -> str:
    """Return where to go after signing in: a page of the dashboard, whatever was asked for."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    inside = address == ROOT or address.startswith((f"{ROOT}/", f"{ROOT}?"))
    return address if plain and inside and not address.startswith(SIGN_IN) else ROOT


def _to_sign_in(request: HttpRequest) -> Response[bytes]:
    """Ask who it is; a page that renews itself has to be told so in a header."""
    headers = request.scope["headers"]
    if header(headers, b"hx-request"):
        shown = header(headers, b"hx-current-url").partition("://")[2].partition("/")[2]
        there = _asking_back(f"/{shown}")
        return Response(b"", headers={"HX-Redirect": there, "Cache-Control": "no-store"})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    there = _asking_back(asked if request.method in _SAFE else ROOT)
    return see(there)


def _asking_back(page: str) -> str:
    back = own_page(page)
    return SIGN_IN if back == ROOT else f"{SIGN_IN}?back={quote(back, safe='')}"
