"""``POST /sms``."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from application.replays import Replays
from application.send_sms import SendSms
from entrypoints.http.errors import response
from entrypoints.http.incoming import incoming
from entrypoints.http.openapi import WITH_KEY, SendOperation, answers
from entrypoints.http.replies import HttpRequest
from entrypoints.http.sending import SendAnswer, answer


@post(
    "/sms",
    status_code=200,
    operation_class=SendOperation,
    responses=answers(SendAnswer, WITH_KEY, accepted=True),
)
async def post_sms(
    body: RawBody,
    request: HttpRequest,
    send_sms: NamedDependency[SendSms],
    replays: NamedDependency[Replays],
) -> Response[bytes]:
    """Send one text to one or many phones, and wait for the provider's verdict.

    ``Prefer: return=representation`` adds one row per recipient to the answer. With
    ``Prefer: respond-async``, ``send_at`` or ``delay`` it is sent in the background.
    """
    return response(await answer(send_sms, replays, incoming(request.scope, body)))
