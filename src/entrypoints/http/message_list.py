"""``GET /messages``."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from application.ports.repositories import MessageFilter
from application.stories import MAX_PAGE, Stories
from domain.message import MessageStatus
from entrypoints.http.errors import response
from entrypoints.http.incoming import caller_of
from entrypoints.http.message_view import MessageView, message_view
from entrypoints.http.openapi import LISTING, KeyedOperation, answers
from entrypoints.http.queries import query_phone, query_time
from entrypoints.http.replies import HttpRequest, Reply, encode

DEFAULT_PAGE = 100


class MessagesContent(msgspec.Struct, frozen=True):
    """A page of messages; ``next_cursor`` where more follow."""

    messages: list[MessageView]
    next_cursor: str | None


class MessagesAnswer(msgspec.Struct, frozen=True):
    """The messages that were asked for, without their histories."""

    status: bool
    content: MessagesContent


@get(
    "/messages",
    operation_class=KeyedOperation,
    responses=answers(MessagesAnswer, LISTING),
    cache_control=CacheControlHeader(no_store=True),
)
async def get_messages(  # noqa: PLR0913, PLR0917 - one for each parameter of the query
    request: HttpRequest,
    stories: NamedDependency[Stories],
    phone: FromQuery[str | None] = None,
    status: FromQuery[MessageStatus | None] = None,
    provider: FromQuery[str | None] = None,
    reference: FromQuery[str | None] = None,
    since: Annotated[
        str | None, QueryParameter(description="accepted then or later, RFC 3339")
    ] = None,
    until: Annotated[str | None, QueryParameter(description="accepted before, RFC 3339")] = None,
    cursor: Annotated[
        UUID | None, QueryParameter(description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> Response[bytes]:
    """List messages, the latest first."""
    wanted = MessageFilter(
        status=status,
        provider=provider,
        reference=reference,
        since=query_time("since", since),
        until=query_time("until", until),
        account=caller_of(request.scope).owner,
    )
    written = None if phone is None else query_phone(phone)
    page = await stories.messages(wanted, phone=written, before=cursor, limit=limit)
    content = MessagesContent(
        [message_view(stored) for stored in page.messages],
        None if page.next_before is None else str(page.next_before),
    )
    return response(Reply(encode(MessagesAnswer(status=True, content=content))))
