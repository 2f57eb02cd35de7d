"""``GET /messages/{id}`` and ``GET /requests/{id}``."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from application.askers import Askers
from application.ports.repositories import StoredMessage
from application.stories import MAX_PAGE, Stories
from domain.errors import MessageNotFoundError, RequestNotFoundError
from entrypoints.http.errors import response
from entrypoints.http.incoming import caller_of
from entrypoints.http.message_view import MessageView, RequestView, message_view, request_view
from entrypoints.http.openapi import NOT_FOUND, KeyedOperation, answers
from entrypoints.http.replies import HttpRequest, Reply, encode

_NEVER_CACHED = CacheControlHeader(no_store=True)


class MessageContent(msgspec.Struct, frozen=True):
    """One message, and the name of the key it was asked for with, where one had to be shown."""

    message: MessageView
    asked_by: str | None


class MessageAnswer(msgspec.Struct, frozen=True):
    """A message with its history."""

    status: bool
    content: MessageContent


class RequestContent(msgspec.Struct, frozen=True):
    """A request and a page of its messages; ``next_cursor`` where more follow."""

    request: RequestView
    messages: list[MessageView]
    next_cursor: str | None


class RequestAnswer(msgspec.Struct, frozen=True):
    """A request with its messages."""

    status: bool
    content: RequestContent


@get(
    "/messages/{message_id:str}",
    operation_class=KeyedOperation,
    responses=answers(MessageAnswer, NOT_FOUND),
    cache_control=_NEVER_CACHED,
)
async def get_message(
    message_id: FromPath[str],
    request: HttpRequest,
    stories: NamedDependency[Stories],
    askers: NamedDependency[Askers],
) -> Response[bytes]:
    """Tell what became of a message."""
    owner = caller_of(request.scope).owner
    stored = await stories.message(message_uuid(message_id), owner=owner)
    return message_response(stored, await askers.name(stored.account))


@get(
    "/requests/{request_id:str}",
    operation_class=KeyedOperation,
    responses=answers(RequestAnswer, NOT_FOUND),
    cache_control=_NEVER_CACHED,
)
async def get_request(
    request_id: FromPath[str],
    request: HttpRequest,
    stories: NamedDependency[Stories],
    cursor: Annotated[
        UUID | None, QueryParameter(description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> Response[bytes]:
    """Tell what became of a request, message by message, in the order they were named."""
    wanted = _uuid(request_id)
    if wanted is None:
        raise RequestNotFoundError("There is no such request; ids look like UUIDs.")
    owner = caller_of(request.scope).owner
    story = await stories.request(wanted, after=cursor, limit=limit, owner=owner)
    content = RequestContent(
        request_view(story.request),
        [message_view(stored) for stored in story.messages],
        None if story.next_after is None else str(story.next_after),
    )
    return response(Reply(encode(RequestAnswer(status=True, content=content))))


def message_answer(stored: StoredMessage, asked_by: str | None) -> MessageAnswer:
    """Show one message."""
    return MessageAnswer(status=True, content=MessageContent(message_view(stored), asked_by))


def message_response(stored: StoredMessage, asked_by: str | None) -> Response[bytes]:
    """Answer with one message."""
    return response(Reply(encode(message_answer(stored, asked_by))))


def message_uuid(text: str) -> UUID:
    """Read a message's id from a path.

    Raises:
        MessageNotFoundError: no message can have it.
    """
    wanted = _uuid(text)
    if wanted is None:
        raise MessageNotFoundError("There is no such message; ids look like UUIDs.")
    return wanted


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
