"""Signing in and out."""

import logging
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation

from application.errors import RateLimitedError
from application.sign_in import SignIn, WrongPasswordError
from domain.api_key import Network
from entrypoints.dashboard.cookie import ended_cookies, secret_of, session_cookie
from entrypoints.dashboard.door import own_page
from entrypoints.dashboard.forms import posted
from entrypoints.dashboard.pages import page, see
from entrypoints.dashboard.visit import ROOT, SIGN_IN, SIGN_OUT
from entrypoints.http.addresses import address_of
from entrypoints.http.replies import HttpRequest

_WRONG = "Nobody has this name and this password."
_log = logging.getLogger(__name__)


@get(SIGN_IN)
async def get_sign_in(request: HttpRequest, back: FromQuery[str] = ROOT) -> Response[str]:
    """Ask who it is."""
    return page(request, "sign_in.html", back=own_page(back), problem="", name="")


@post(SIGN_IN, status_code=HTTPStatus.SEE_OTHER)
async def post_sign_in(
    request: HttpRequest,
    sign_in: NamedDependency[SignIn],
    proxies: NamedDependency[SkipValidation[Sequence[Network]]],
) -> Response[Any]:
    """Begin a session, and go where the visitor wanted to."""
    form = await posted(request)
    back = own_page(form.get("back", ROOT))
    name = form.get("name", "")
    address = address_of(request.scope, proxies)
    try:
        secret = await sign_in(name, form.get("password", ""), address)
    except WrongPasswordError:
        _log.warning("somebody did not know a password: from %s", address)
        return _again(request, HTTPStatus.FORBIDDEN, _WRONG, back, name)
    except RateLimitedError as error:
        wait = math.ceil(error.wait_s)
        problem = f"That was too fast; try again in {wait} seconds."
        again = _again(request, HTTPStatus.TOO_MANY_REQUESTS, problem, back, name)
        again.headers["Retry-After"] = str(wait)
        return again
    shown = see(back)
    shown.cookies.append(session_cookie(request.scope, proxies, secret))
    return shown


@post(SIGN_OUT, status_code=HTTPStatus.SEE_OTHER)
async def post_sign_out(
    request: HttpRequest,
    sign_in: NamedDependency[SignIn],
    proxies: NamedDependency[SkipValidation[Sequence[Network]]],
) -> Response[Any]:
    """End a session, whose page it may be; what another site wants is refused at the door."""
    secret = secret_of(request.scope)
    if secret is not None:
        await sign_in.end(secret)
    shown = see(SIGN_IN)
    shown.cookies.extend(ended_cookies(request.scope, proxies))
    return shown


def _again(request: HttpRequest, status: int, problem: str, back: str, name: str) -> Response[str]:
    return page(request, "sign_in.html", status=status, problem=problem, back=back, name=name)
