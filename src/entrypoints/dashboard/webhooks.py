"""Webhooks: who is told, what was told, and telling it again."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from application.ports.webhooks import DeliveryFilter
from application.webhook_trial import TryWebhook
from application.webhooks_addresses import masked
from application.webhooks_admin import ManageWebhooks
from domain.webhook import Answered, DeliveryStatus
from entrypoints.dashboard.forms import posted
from entrypoints.dashboard.pages import page, see
from entrypoints.dashboard.queries import choice, identity
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.incoming import caller_of
from entrypoints.http.replies import HttpRequest
from entrypoints.http.webhooks_answers import endpoint_view

WEBHOOKS = f"{ROOT}/webhooks"
_PAGE = 50


@get(WEBHOOKS)
async def get_webhooks(
    request: HttpRequest,
    manage_webhooks: NamedDependency[ManageWebhooks],
    status: FromQuery[str] = "",
    message: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Response[str]:
    """Show the addresses, and what was posted to them, the latest first."""
    asked = {"status": status, "message": message}
    return await _list(request, manage_webhooks, asked, before=before)


@post(f"{WEBHOOKS}/try", status_code=HTTPStatus.OK)
async def post_try(
    request: HttpRequest,
    manage_webhooks: NamedDependency[ManageWebhooks],
    try_webhook: NamedDependency[TryWebhook],
) -> Response[str]:
    """Post a trial to an address of this deployment, and show its answer."""
    url = (await posted(request)).get("url", "")
    answered = await try_webhook(url)
    if answered is None:
        raise NotFoundException
    asked = {"status": "", "message": ""}
    return await _list(request, manage_webhooks, asked, tried=url, answered=answered)


@post(f"{WEBHOOKS}/deliveries/{{delivery_id:str}}/replay", status_code=HTTPStatus.SEE_OTHER)
async def post_replay(
    delivery_id: FromPath[str],
    request: HttpRequest,
    manage_webhooks: NamedDependency[ManageWebhooks],
) -> Response[Any]:
    """Post one again, whether it arrived or not."""
    wanted = identity(delivery_id)
    by = caller_of(request.scope)
    if wanted is None or await manage_webhooks.replay(wanted, by=by) is None:
        raise NotFoundException
    return see(WEBHOOKS)


@post(f"{WEBHOOKS}/enable", status_code=HTTPStatus.SEE_OTHER)
async def post_enable(
    request: HttpRequest, manage_webhooks: NamedDependency[ManageWebhooks]
) -> Response[Any]:
    """Post to an address again that was disabled."""
    url = (await posted(request)).get("url", "")
    known = {report.endpoint.url for report in await manage_webhooks.endpoints()}
    if url not in known:
        raise NotFoundException
    await manage_webhooks.enable(url, by=caller_of(request.scope))
    return see(WEBHOOKS)


async def _list(  # noqa: PLR0913 - all that the page shows
    request: HttpRequest,
    manage_webhooks: ManageWebhooks,
    asked: Mapping[str, str],
    *,
    before: str = "",
    tried: str = "",
    answered: Answered | None = None,
) -> Response[str]:
    found = await manage_webhooks.deliveries(
        DeliveryFilter(status=choice(DeliveryStatus, asked["status"])),
        message_id=identity(asked["message"]),
        before=identity(before),
        limit=_PAGE,
    )
    older = {**asked, "before": str(found.next_before)}
    return page(
        request,
        "webhooks.html",
        endpoints=[endpoint_view(report) for report in await manage_webhooks.endpoints()],
        own=manage_webhooks.own,
        deliveries=found.deliveries,
        statuses=list(DeliveryStatus),
        asked=asked,
        older=None if found.next_before is None else f"{WEBHOOKS}?{urlencode(older)}",
        live=not before and answered is None,
        tried=masked(tried),
        answered=answered,
    )
