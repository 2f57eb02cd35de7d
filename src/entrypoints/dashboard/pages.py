"""How a page is made: a template, and what every page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response

from domain.caller import Scope
from domain.phone import mask_numbers
from domain.user import Visitor
from entrypoints.dashboard.visit import ROOT, visitor_of
from entrypoints.http.replies import HttpRequest

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Pages hold phones: nothing of them is kept, framed, or told to other sites."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page everybody finds who may see it."""

    address: str
    name: str
    needs: Scope


MENU = (
    MenuItem(ROOT, "Overview", Scope.READ),
    MenuItem(f"{ROOT}/messages", "Messages", Scope.READ),
    MenuItem(f"{ROOT}/send", "Send", Scope.SEND),
    MenuItem(f"{ROOT}/blacklist", "Blacklist", Scope.BLACKLIST),
    MenuItem(f"{ROOT}/providers", "Providers", Scope.READ),
    MenuItem(f"{ROOT}/webhooks", "Webhooks", Scope.ADMIN),
    MenuItem(f"{ROOT}/keys", "Keys", Scope.ADMIN),
    MenuItem(f"{ROOT}/audit", "Audit", Scope.ADMIN),
)


def page(
    request: HttpRequest,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    **context: Any,  # noqa: ANN401 - whatever a template shows
) -> Response[str]:
    """Make a page.

    Args:
        request: who looks, and at what.
        template: the name of its file.
        status: of the answer.
        context: what the template shows.
    """
    visitor = visitor_of(request.scope)
    path = request.url.path.rstrip("/")
    html = _TEMPLATES.get_template(template).render(
        visitor=visitor,
        menu=[item for item in MENU if visitor is not None and visitor.may(item.needs)],
        here=max((i.address for i in MENU if _is_below(path, i.address)), key=len, default=""),
        root=ROOT,
        **context,
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=dict(HEADERS))


def see(address: str) -> Response[bytes]:
    """Send a browser to another page, which it may read again without doing anything again."""
    headers = {"Location": address, "Cache-Control": "no-store"}
    return Response(
        b"", status_code=HTTPStatus.SEE_OTHER, headers=headers, media_type=MediaType.TEXT
    )


def number(phone: str, visitor: Visitor) -> str:
    """Write a phone as a visitor may see it."""
    return phone if visitor.sees_numbers else mask_numbers(phone)


def when(at: datetime) -> str:
    """Write a time for people, in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def machine(at: datetime) -> str:
    """Write a time as the attribute of ``<time>`` has it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _is_below(path: str, address: str) -> bool:
    return path == address or (address != ROOT and path.startswith(f"{address}/"))


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATES.globals["number"] = number
_TEMPLATES.filters["when"] = when
_TEMPLATES.filters["machine"] = machine
