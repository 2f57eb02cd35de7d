"""``POST /call``."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from application.place_call import PlaceCall
from application.replays import Replays
from entrypoints.http.errors import response
from entrypoints.http.incoming import incoming
from entrypoints.http.openapi import WITH_KEY, SendOperation, answers
from entrypoints.http.replies import HttpRequest
from entrypoints.http.sending import SendAnswer, answer


@post(
    "/call",
    status_code=200,
    operation_class=SendOperation,
    responses=answers(SendAnswer, WITH_KEY, accepted=True),
)
async def post_call(
    body: RawBody,
    request: HttpRequest,
    place_call: NamedDependency[PlaceCall],
    replays: NamedDependency[Replays],
) -> Response[bytes]:
    """Call one or many phones and read a text aloud; waits for the provider's verdict.

    ``Prefer: return=representation`` adds one row per recipient to the answer. With
    ``Prefer: respond-async``, ``send_at`` or ``delay`` it is sent in the background.
    """
    return response(await answer(place_call, replays, incoming(request.scope, body)))
