"""``/livez`` and ``/readyz``, for whoever keeps the process running."""

from http import HTTPStatus

from litestar import HttpMethod, Response, get, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from application.ports.system import Storage
from entrypoints.http.errors import error_reply, response
from entrypoints.http.openapi import answers
from entrypoints.http.replies import OK, StatusAnswer


@get("/livez", responses=answers(StatusAnswer, ()), sync_to_thread=False)
def livez() -> Response[bytes]:
    """Tell that the process answers."""
    return response(OK)


@route(
    "/livez",
    http_method=HttpMethod.HEAD,
    status_code=200,
    include_in_schema=False,
    sync_to_thread=False,
)
def head_livez() -> Response[bytes]:
    """Tell it to monitors that want no body."""
    return response(OK)


@get("/readyz", responses=answers(StatusAnswer, (HTTPStatus.SERVICE_UNAVAILABLE,)))
async def readyz(storage: NamedDependency[SkipValidation[Storage]]) -> Response[bytes]:
    """Tell whether the database can be reached and is migrated."""
    return await _readiness(storage)


@route("/readyz", http_method=HttpMethod.HEAD, status_code=200, include_in_schema=False)
async def head_readyz(storage: NamedDependency[SkipValidation[Storage]]) -> Response[bytes]:
    """Tell it to monitors that want no body."""
    return await _readiness(storage)


async def _readiness(storage: Storage) -> Response[bytes]:
    problem = await storage.problem()
    if problem is None:
        return response(OK)
    return response(error_reply(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", problem))
