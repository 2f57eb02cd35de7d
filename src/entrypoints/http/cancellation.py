"""``POST /messages/{id}/cancel``."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.askers import Askers
from application.cancellation import CancelMessage
from entrypoints.http.incoming import caller_of
from entrypoints.http.messages import MessageAnswer, message_response, message_uuid
from entrypoints.http.openapi import CANCELING, KeyedOperation, answers
from entrypoints.http.replies import HttpRequest


@post(
    "/messages/{message_id:str}/cancel",
    status_code=200,
    operation_class=KeyedOperation,
    responses=answers(MessageAnswer, CANCELING),
)
async def post_cancel(
    message_id: FromPath[str],
    request: HttpRequest,
    cancel_message: NamedDependency[CancelMessage],
    askers: NamedDependency[Askers],
) -> Response[bytes]:
    """Cancel a message that is still queued; 409 when it has left."""
    by = caller_of(request.scope)
    stored = await cancel_message(message_uuid(message_id), by=by)
    return message_response(stored, await askers.name(stored.account))
