"""``POST /sms``."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from application.send_sms import SendSms
from entrypoints.http.errors import response
from entrypoints.http.openapi import WITH_BODY, SendOperation, answers
from entrypoints.http.replies import HttpRequest
from entrypoints.http.sending import SendAnswer, answer


@post(
    "/sms",
    status_code=200,
    operation_class=SendOperation,
    responses=answers(SendAnswer, WITH_BODY),
)
async def post_sms(
    body: RawBody,
    request: HttpRequest,
    send_sms: NamedDependency[SendSms],
) -> Response[bytes]:
    """Send one text to one or many phones, and wait for the provider's verdict.

    ``Prefer: return=representation`` adds one row per recipient to the answer.
    """
    return response(await answer(send_sms, body, request.scope["headers"]))
