"""Whoever looks at a page, as the door has let them in."""

from typing import Any, cast

from litestar.types import HTTPScope

from domain.user import Visitor
from entrypoints.http.incoming import CALLER

ROOT = "/dashboard"
SIGN_IN = f"{ROOT}/sign-in"
SIGN_OUT = f"{ROOT}/sign-out"
OPEN_PAGES = (ROOT, f"{ROOT}/")
"""No API key opens these: they have a door of their own."""
_VISITOR = "visitor"


def let_in(scope: HTTPScope, visitor: Visitor, address: str | None) -> None:
    """Remember who looks, for handlers and for the use cases they call."""
    remembered = cast("dict[str, Any]", scope)
    remembered[_VISITOR] = visitor
    remembered[CALLER] = visitor.caller(address)


def visitor_of(scope: HTTPScope) -> Visitor | None:
    """Return who looks; ``None`` on pages everybody may see."""
    return cast("Visitor | None", scope.get(_VISITOR))


def is_page(path: str) -> bool:
    """Tell whether an address is the dashboard's."""
    return path == ROOT or path.startswith(f"{ROOT}/")
