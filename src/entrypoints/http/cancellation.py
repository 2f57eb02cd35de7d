"""``POST /messages/{id}/cancel``."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.cancellation import CancelMessage
from entrypoints.http.messages import MessageAnswer, message_response, message_uuid
from entrypoints.http.openapi import CANCELING, KeyedOperation, answers


@post(
    "/messages/{message_id:str}/cancel",
    status_code=200,
    operation_class=KeyedOperation,
    responses=answers(MessageAnswer, CANCELING),
)
async def post_cancel(
    message_id: FromPath[str], cancel_message: NamedDependency[CancelMessage]
) -> Response[bytes]:
    """Cancel a message that is still queued; 409 when it has left."""
    return message_response(await cancel_message(message_uuid(message_id)))
