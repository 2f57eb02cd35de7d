"""What a form brings along."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from litestar.types import HTTPScope

from domain.errors import ForbiddenError
from domain.user import Visitor
from entrypoints.http.errors import BodyError
from entrypoints.http.headers import header
from entrypoints.http.replies import HttpRequest

CSRF = "csrf"
_MOST_FIELDS = 100


async def posted(request: HttpRequest) -> Mapping[str, str]:
    """Return the fields of a form; of several of one name the last counts.

    Raises:
        BodyError: there are more than any form of ours has.

    Source: the URL standard, 5.1 (``application/x-www-form-urlencoded``).
    """
    text = (await request.body()).decode(errors="replace")
    try:
        fields = parse_qsl(
            text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise BodyError("invalid_form", "This is no form of the dashboard.") from None
    return {name: value.replace("\r\n", "\n") for name, value in fields}


def check_origin(scope: HTTPScope) -> None:
    """Refuse what a page of another site sends.

    Raises:
        ForbiddenError: it says so.
    """
    origin = header(scope["headers"], b"origin").lower()
    host = header(scope["headers"], b"host").lower()
    fetched = header(scope["headers"], b"sec-fetch-site").lower()
    foreign = origin and origin.partition("://")[2] != host
    if foreign or fetched == "cross-site":
        raise ForbiddenError(
            "A page of another site may not do this. If it is no other site, let the proxy in"
            " front pass the Host header on."
        )


async def check_csrf(request: HttpRequest, visitor: Visitor) -> None:
    """Refuse a form that is not from a page this visitor was shown; also one with a file.

    Raises:
        ForbiddenError: it says what to do.
    """
    shown = await _shown(request)
    if not hmac.compare_digest(shown.encode(errors="replace"), visitor.csrf.encode()):
        raise ForbiddenError("This form is not of your session any more; open its page again.")


async def _shown(request: HttpRequest) -> str:
    kind = header(request.scope["headers"], b"content-type").lower()
    if not kind.startswith("multipart/form-data"):
        return (await posted(request)).get(CSRF, "")
    shown = (await request.form()).get(CSRF)
    return shown if isinstance(shown, str) else ""
