"""``/webhooks``: what was told to whom, and telling it again."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter, RawBody

from application.ports.webhooks import DeliveryFilter
from application.webhooks_admin import ManageWebhooks
from domain.webhook import DeliveryStatus
from entrypoints.http.bodies import check_headers, decode
from entrypoints.http.errors import BodyError, invalid_field, response
from entrypoints.http.incoming import caller_of
from entrypoints.http.openapi import LISTING, NOT_FOUND, WITH_BODY, KeyedOperation, answers
from entrypoints.http.replies import OK, HttpRequest, Reply, StatusAnswer, encode
from entrypoints.http.times import read_time
from entrypoints.http.webhooks_answers import (
    DeliveriesAnswer,
    DeliveriesContent,
    DeliveryAnswer,
    DeliveryContent,
    EndpointsAnswer,
    EndpointsContent,
    ReplayAnswer,
    ReplayContent,
    delivery_view,
    endpoint_view,
)
from entrypoints.http.webhooks_bodies import (
    ENDPOINT,
    REPLAY,
    EndpointOperation,
    ReplayOperation,
)

DEFAULT_PAGE = 100
MAX_PAGE = 1_000
# Printable ASCII: databases refuse some of the rest.
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_NEVER_CACHED = CacheControlHeader(no_store=True)


def _later(
    answer: type[msgspec.Struct], errors: Iterable[HTTPStatus]
) -> Mapping[int, ResponseSpec]:
    """Document a route that never answers when all is done, only that it will be."""
    all_of_them = answers(answer, errors, accepted=True)
    return {status: spec for status, spec in all_of_them.items() if status != HTTPStatus.OK}


@get(
    "/webhooks/deliveries",
    operation_class=KeyedOperation,
    responses=answers(DeliveriesAnswer, LISTING),
    cache_control=_NEVER_CACHED,
)
async def get_deliveries(  # noqa: PLR0913, PLR0917 - one for each parameter of the query
    manage_webhooks: NamedDependency[ManageWebhooks],
    status: FromQuery[DeliveryStatus | None] = None,
    url: FromQuery[str | None] = None,
    message_id: FromQuery[UUID | None] = None,
    cursor: Annotated[
        UUID | None, QueryParameter(description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> Response[bytes]:
    """List webhooks on their way, arrived and given up, the latest event first."""
    _check_url(url)
    wanted = DeliveryFilter(status=status, url=url)
    page = await manage_webhooks.deliveries(
        wanted, message_id=message_id, before=cursor, limit=limit
    )
    content = DeliveriesContent(
        [delivery_view(delivery) for delivery in page.deliveries],
        None if page.next_before is None else str(page.next_before),
    )
    return response(Reply(encode(DeliveriesAnswer(status=True, content=content))))


@post(
    "/webhooks/deliveries/{delivery_id:str}/replay",
    status_code=HTTPStatus.ACCEPTED,
    operation_class=KeyedOperation,
    responses=_later(DeliveryAnswer, NOT_FOUND),
)
async def post_delivery_replay(
    delivery_id: FromPath[str],
    request: HttpRequest,
    manage_webhooks: NamedDependency[ManageWebhooks],
) -> Response[bytes]:
    """Post a webhook again, whether it arrived or not, and enable its address."""
    wanted = _uuid(delivery_id)
    by = caller_of(request.scope)
    delivery = None if wanted is None else await manage_webhooks.replay(wanted, by=by)
    if delivery is None:
        raise BodyError(
            "delivery_not_found", "There is no such delivery.", status=HTTPStatus.NOT_FOUND
        )
    answer = DeliveryAnswer(status=True, content=DeliveryContent(delivery_view(delivery)))
    return response(Reply(encode(answer), HTTPStatus.ACCEPTED))


@post(
    "/webhooks/replay",
    status_code=HTTPStatus.ACCEPTED,
    operation_class=ReplayOperation,
    responses=_later(ReplayAnswer, WITH_BODY),
)
async def post_replay(
    body: RawBody, request: HttpRequest, manage_webhooks: NamedDependency[ManageWebhooks]
) -> Response[bytes]:
    """Post every webhook again whose event is as late as that, and enable the addresses."""
    check_headers(request.scope["headers"])
    wanted = decode(body, REPLAY)
    since = read_time("since", wanted.since)
    if since is None:
        raise invalid_field("since", "is missing")
    _check_url(wanted.url)
    by = caller_of(request.scope)
    count = await manage_webhooks.replay_since(since, wanted.url, by=by)
    answer = ReplayAnswer(status=True, content=ReplayContent(count))
    return response(Reply(encode(answer), HTTPStatus.ACCEPTED))


@get(
    "/webhooks/endpoints",
    operation_class=KeyedOperation,
    responses=answers(EndpointsAnswer, LISTING),
    cache_control=_NEVER_CACHED,
)
async def get_endpoints(manage_webhooks: NamedDependency[ManageWebhooks]) -> Response[bytes]:
    """List the addresses webhooks are posted to, and how they answer."""
    content = EndpointsContent(
        [endpoint_view(report) for report in await manage_webhooks.endpoints()]
    )
    return response(Reply(encode(EndpointsAnswer(status=True, content=content))))


@post(
    "/webhooks/endpoints/enable",
    status_code=HTTPStatus.OK,
    operation_class=EndpointOperation,
    responses=answers(StatusAnswer, WITH_BODY),
)
async def post_enable(
    body: RawBody, request: HttpRequest, manage_webhooks: NamedDependency[ManageWebhooks]
) -> Response[bytes]:
    """Post to an address again that was disabled; also when it was not."""
    check_headers(request.scope["headers"])
    wanted = decode(body, ENDPOINT)
    _check_url(wanted.url)
    await manage_webhooks.enable(wanted.url, by=caller_of(request.scope))
    return response(OK)


WEBHOOK_ROUTES = (get_deliveries, post_delivery_replay, post_replay, get_endpoints, post_enable)


def _check_url(url: str | None) -> None:
    if url is not None and not _URL.fullmatch(url):
        raise invalid_field("url", "is not an http or https URL")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
