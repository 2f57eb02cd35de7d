"""The providers: how they are, and taking one out of service."""

from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from application.providers_admin import ManageProviders
from entrypoints.dashboard.pages import page, see
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.incoming import caller_of
from entrypoints.http.provider_view import provider_view
from entrypoints.http.replies import HttpRequest

PROVIDERS = f"{ROOT}/providers"


@get(PROVIDERS)
async def get_providers(
    request: HttpRequest,
    manage_providers: NamedDependency[ManageProviders],
    asked: FromQuery[bool] = False,  # noqa: FBT002 - Litestar's way
) -> Response[str]:
    """Show every provider; with ``asked`` also what money is left."""
    reports = await manage_providers.all(balance=asked)
    views = [provider_view(report) for report in reports]
    return page(request, "providers.html", providers=views, asked=asked)


@post(f"{PROVIDERS}/{{code:str}}/pause", status_code=HTTPStatus.SEE_OTHER)
async def post_pause(
    code: FromPath[str], request: HttpRequest, manage_providers: NamedDependency[ManageProviders]
) -> Response[Any]:
    """Hand a provider nothing more until it is resumed."""
    return _done(await manage_providers.pause(code, None, caller_of(request.scope)))


@post(f"{PROVIDERS}/{{code:str}}/resume", status_code=HTTPStatus.SEE_OTHER)
async def post_resume(
    code: FromPath[str], request: HttpRequest, manage_providers: NamedDependency[ManageProviders]
) -> Response[Any]:
    """Use a provider again."""
    return _done(await manage_providers.resume(code, caller_of(request.scope)))


def _done(report: object | None) -> Response[bytes]:
    if report is None:
        raise NotFoundException
    return see(PROVIDERS)
