"""``/providers``: how they are, and taking one out of service for a while."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, RequestBody
from litestar.params import FromPath, QueryParameter, RawBody

from application.providers_admin import LONGEST_PAUSE_S, ManageProviders, ProviderReport
from entrypoints.http.bodies import check_headers, decode
from entrypoints.http.errors import BodyError, invalid_field, response
from entrypoints.http.incoming import caller_of
from entrypoints.http.openapi import LISTING, NOT_FOUND, WITH_BODY, KeyedOperation, answers
from entrypoints.http.provider_view import (
    ProviderAnswer,
    ProviderContent,
    ProvidersAnswer,
    ProvidersContent,
    provider_view,
)
from entrypoints.http.replies import HttpRequest, Reply, encode

_NEVER_CACHED = CacheControlHeader(no_store=True)


class PauseBody(msgspec.Struct, frozen=True):
    """For how long; without it until it is resumed."""

    seconds: float | None = None


_PAUSE = msgspec.json.Decoder(PauseBody, strict=False)


@dataclass
class PauseOperation(KeyedOperation):
    """A change with a ``PauseBody``, which may be left out."""

    def __post_init__(self) -> None:
        """Add the body."""
        super().__post_init__()
        _, parts = msgspec.json.schema_components([PauseBody])
        # Litestar writes a plain mapping as it is.
        media = OpenAPIMediaType(schema=parts["PauseBody"], example={"seconds": 3600})
        self.request_body = RequestBody(content={"application/json": media}, required=False)


@get(
    "/providers",
    operation_class=KeyedOperation,
    responses=answers(ProvidersAnswer, LISTING),
    cache_control=_NEVER_CACHED,
)
async def get_providers(
    manage_providers: NamedDependency[ManageProviders],
    balance: Annotated[  # noqa: FBT002 - Litestar's way
        bool, QueryParameter(description="ask each of them how much money is left")
    ] = False,
) -> Response[bytes]:
    """List the providers that are configured here, and how each of them is."""
    reports = await manage_providers.all(balance=balance)
    content = ProvidersContent([provider_view(report) for report in reports])
    return response(Reply(encode(ProvidersAnswer(status=True, content=content))))


@post(
    "/providers/{code:str}/pause",
    status_code=HTTPStatus.OK,
    operation_class=PauseOperation,
    responses=answers(ProviderAnswer, (*WITH_BODY, HTTPStatus.NOT_FOUND)),
)
async def post_pause(
    code: FromPath[str],
    body: RawBody,
    request: HttpRequest,
    manage_providers: NamedDependency[ManageProviders],
) -> Response[bytes]:
    """Hand a provider nothing more, for some seconds or until it is resumed."""
    check_headers(request.scope["headers"])
    seconds = decode(body, _PAUSE).seconds if body else None
    if seconds is not None and not 0 < seconds <= LONGEST_PAUSE_S:
        raise invalid_field("seconds", f"must be over 0 and at most {LONGEST_PAUSE_S}")
    by = caller_of(request.scope)
    return _answer(await manage_providers.pause(code, seconds, by))


@post(
    "/providers/{code:str}/resume",
    status_code=HTTPStatus.OK,
    operation_class=KeyedOperation,
    responses=answers(ProviderAnswer, NOT_FOUND),
)
async def post_resume(
    code: FromPath[str],
    request: HttpRequest,
    manage_providers: NamedDependency[ManageProviders],
) -> Response[bytes]:
    """Use a provider again, whether it was paused or is left alone because it failed."""
    return _answer(await manage_providers.resume(code, caller_of(request.scope)))


@post(
    "/providers/{code:str}/check",
    status_code=HTTPStatus.OK,
    operation_class=KeyedOperation,
    responses=answers(ProviderAnswer, NOT_FOUND),
)
async def post_check(
    code: FromPath[str],
    manage_providers: NamedDependency[ManageProviders],
) -> Response[bytes]:
    """Ask a provider how much money is left; that shows whether its credentials are right."""
    return _answer(await manage_providers.check(code))


def _answer(report: ProviderReport | None) -> Response[bytes]:
    if report is None:
        raise BodyError(
            "provider_not_found",
            "There is no such provider here; GET /providers lists those there are.",
            status=HTTPStatus.NOT_FOUND,
        )
    content = ProviderContent(provider_view(report))
    return response(Reply(encode(ProviderAnswer(status=True, content=content))))
