"""``/livez`` and ``/readyz``, for whoever keeps the process running."""

from http import HTTPStatus

from litestar import HttpMethod, Response, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from application.ports.system import Storage
from entrypoints.http.errors import error_reply, response
from entrypoints.http.openapi import answers
from entrypoints.http.replies import OK, StatusAnswer


@route(
    "/livez",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=answers(StatusAnswer),
    sync_to_thread=False,
)
def livez() -> Response[bytes]:
    """Tell that the process answers."""
    return response(OK)


@route(
    "/readyz",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=answers(StatusAnswer),
)
async def readyz(storage: NamedDependency[SkipValidation[Storage]]) -> Response[bytes]:
    """Tell whether the database can be reached and is migrated."""
    problem = await storage.problem()
    if problem is None:
        return response(OK)
    return response(error_reply(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", problem))
