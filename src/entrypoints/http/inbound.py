"""``GET /inbound``."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from application.inbound_reading import MAX_PAGE, ReadInbound
from application.ports.inbound import InboundFilter
from domain.inbound import Keyword
from entrypoints.http.errors import response
from entrypoints.http.inbound_view import InboundView, inbound_view
from entrypoints.http.openapi import LISTING, KeyedOperation, answers
from entrypoints.http.queries import query_phone, query_time
from entrypoints.http.replies import Reply, encode

DEFAULT_PAGE = 100


class InboundContent(msgspec.Struct, frozen=True):
    """A page of subscribers' messages; ``next_cursor`` where more follow."""

    inbound: list[InboundView]
    next_cursor: str | None


class InboundAnswer(msgspec.Struct, frozen=True):
    """The messages that were asked for."""

    status: bool
    content: InboundContent


@get(
    "/inbound",
    operation_class=KeyedOperation,
    responses=answers(InboundAnswer, LISTING),
    cache_control=CacheControlHeader(no_store=True),
)
async def get_inbound(  # noqa: PLR0913, PLR0917 - one for each parameter of the query
    read_inbound: NamedDependency[ReadInbound],
    phone: Annotated[str | None, QueryParameter(description="who wrote")] = None,
    provider: FromQuery[str | None] = None,
    keyword: FromQuery[Keyword | None] = None,
    since: Annotated[
        str | None, QueryParameter(description="received then or later, RFC 3339")
    ] = None,
    until: Annotated[str | None, QueryParameter(description="received before, RFC 3339")] = None,
    cursor: Annotated[
        UUID | None, QueryParameter(description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> Response[bytes]:
    """List what subscribers wrote, the latest first."""
    wanted = InboundFilter(
        phone=None if phone is None else query_phone(phone),
        provider=provider,
        keyword=keyword,
        since=query_time("since", since),
        until=query_time("until", until),
    )
    page = await read_inbound(wanted, before=cursor, limit=limit)
    content = InboundContent(
        [inbound_view(inbound) for inbound in page.inbound],
        None if page.next_before is None else str(page.next_before),
    )
    return response(Reply(encode(InboundAnswer(status=True, content=content))))
