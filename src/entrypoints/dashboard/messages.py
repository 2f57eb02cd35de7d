"""Finding messages, and the whole story of one."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.askers import Askers
from application.cancellation import CancelMessage
from application.ports.repositories import MessageFilter, StoredMessage
from application.ports.webhooks import DeliveryFilter
from application.search import Search
from application.stories import Stories
from application.webhooks_addresses import host_of
from application.webhooks_admin import ManageWebhooks
from domain.caller import Scope
from domain.errors import UnknownProviderError
from domain.message import TRANSITIONS, MessageStatus
from domain.user import Visitor
from domain.webhook import Delivery
from entrypoints.advice import ON_PAGES
from entrypoints.dashboard.pages import number, page, see
from entrypoints.dashboard.queries import choice, identity, moment_of
from entrypoints.dashboard.visit import ROOT, visitor_of
from entrypoints.http.incoming import caller_of
from entrypoints.http.message_view import message_view
from entrypoints.http.messages import message_uuid
from entrypoints.http.replies import HttpRequest
from entrypoints.story import tell

MESSAGES = f"{ROOT}/messages"
_PAGE = 50
_WEBHOOKS = 50
_MOVING = (
    frozenset({MessageStatus.SUBMITTED, MessageStatus.UNKNOWN})
    | {status for status, after in TRANSITIONS.items() if MessageStatus.SENDING in after}
    | {MessageStatus.SENDING}
)


@get(MESSAGES)
async def get_messages(  # noqa: PLR0913, PLR0917 - one for each field of the form
    request: HttpRequest,
    search: NamedDependency[Search],
    find: FromQuery[str] = "",
    status: FromQuery[str] = "",
    provider: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Response[str]:
    """Show the messages that were asked for, the latest first."""
    wanted = MessageFilter(
        status=choice(MessageStatus, status),
        provider=provider or None,
        since=moment_of(since),
        until=moment_of(until),
    )
    try:
        found = await search(find, wanted, before=identity(before), limit=_PAGE)
        messages, older = found.messages, found.next_before
    except UnknownProviderError:
        messages, older = (), None
    asked = {"find": find, "status": status, "provider": provider, "since": since, "until": until}
    return page(
        request,
        "messages.html",
        messages=messages,
        asked=asked,
        older=None if older is None else _address(asked, str(older)),
        statuses=list(MessageStatus),
        providers=search.providers,
        first=not before,
    )


@get(f"{MESSAGES}/{{message_id:str}}")
async def get_message(
    message_id: FromPath[str],
    request: HttpRequest,
    stories: NamedDependency[Stories],
    askers: NamedDependency[Askers],
    manage_webhooks: NamedDependency[ManageWebhooks],
) -> Response[str]:
    """Tell the story of a message."""
    stored = await stories.message(message_uuid(message_id))
    visitor = visitor_of(request.scope)
    assert visitor is not None  # noqa: S101 - the door lets nobody else in
    deliveries = await manage_webhooks.deliveries(
        DeliveryFilter(), message_id=stored.message.id, limit=_WEBHOOKS
    )
    told = _told(stored, visitor, await askers.name(stored.account))
    return page(
        request,
        "message.html",
        message=stored.message,
        stored=stored,
        story=tell(told, ON_PAGES),
        webhooks=[_webhook(delivery) for delivery in deliveries.deliveries],
        moving=stored.message.status in _MOVING,
        cancelable=stored.message.status is MessageStatus.QUEUED and visitor.may(Scope.SEND),
    )


@post(f"{MESSAGES}/{{message_id:str}}/cancel", status_code=HTTPStatus.SEE_OTHER)
async def post_cancel(
    message_id: FromPath[str],
    request: HttpRequest,
    cancel_message: NamedDependency[CancelMessage],
) -> Response[Any]:
    """Take a message back that has not left."""
    wanted = message_uuid(message_id)
    await cancel_message(wanted, by=caller_of(request.scope))
    return see(f"{MESSAGES}/{wanted}")


def _told(stored: StoredMessage, visitor: Visitor, asked_by: str | None) -> dict[str, Any]:
    view: dict[str, Any] = msgspec.to_builtins(message_view(stored))
    return {**view, "phone": number(view["phone"], visitor), "asked_by": asked_by}


def _webhook(delivery: Delivery) -> dict[str, Any]:
    """Show a webhook by its host: the whole address may hold a secret."""
    return {
        "at": delivery.updated_at,
        "type": delivery.event_type,
        "host": host_of(delivery.url) or "an address",
        "status": delivery.status,
        "answer": delivery.answer,
        "error": delivery.error,
        "attempts": delivery.attempts,
    }


def _address(asked: dict[str, str], before: str) -> str:
    fields = {name: value for name, value in asked.items() if value}
    return f"{MESSAGES}?{urlencode({**fields, 'before': before})}"
