"""``POST /call``."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from application.place_call import PlaceCall
from entrypoints.http.errors import response
from entrypoints.http.openapi import WITH_BODY, SendOperation, answers
from entrypoints.http.replies import HttpRequest
from entrypoints.http.sending import SendAnswer, answer


@post(
    "/call",
    status_code=200,
    operation_class=SendOperation,
    responses=answers(SendAnswer, WITH_BODY),
)
async def post_call(
    body: RawBody,
    request: HttpRequest,
    place_call: NamedDependency[PlaceCall],
) -> Response[bytes]:
    """Call one or many phones and read a text aloud; waits for the provider's verdict.

    ``Prefer: return=representation`` adds one row per recipient to the answer.
    """
    return response(await answer(place_call, body, request.scope["headers"]))
