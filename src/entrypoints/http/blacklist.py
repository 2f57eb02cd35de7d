"""``POST``, ``DELETE`` and ``GET /blacklist``.

The phone of ``DELETE`` and ``GET`` stands in a JSON body, as documented, or in ``?phone=``, which
wins: browsers and some proxies drop such bodies.
"""

from datetime import datetime

import msgspec
from litestar import Response, delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery, RawBody

from application.manage_blacklist import ManageBlacklist
from domain.blacklist import BlacklistEntry
from entrypoints.http.bodies import PHONE, check_headers, decode
from entrypoints.http.errors import BodyError, response
from entrypoints.http.openapi import (
    WITH_BODY,
    OptionalPhoneOperation,
    PhoneOperation,
    answers,
)
from entrypoints.http.replies import OK, HttpRequest, Reply, StatusAnswer, encode

_NEVER_CACHED = CacheControlHeader(no_store=True)


class EntryView(msgspec.Struct, frozen=True):
    """An entry: the phone, and since when, as ``2020-09-01 00:00:00`` in UTC."""

    phone: str
    created_at: str


class EntryContent(msgspec.Struct, frozen=True):
    """The entry under its documented name."""

    blacklist: EntryView


class EntryAnswer(msgspec.Struct, frozen=True):
    """A phone that is on the blacklist."""

    status: bool
    content: EntryContent


@post(
    "/blacklist",
    status_code=200,
    operation_class=PhoneOperation,
    responses=answers(StatusAnswer, WITH_BODY),
)
async def post_blacklist(
    body: RawBody,
    request: HttpRequest,
    manage_blacklist: NamedDependency[ManageBlacklist],
) -> Response[bytes]:
    """Put a phone on the blacklist; one already there keeps its date."""
    await manage_blacklist.add(_written(body, request))
    return response(OK)


@delete(
    "/blacklist",
    status_code=200,
    operation_class=OptionalPhoneOperation,
    responses=answers(StatusAnswer, WITH_BODY),
)
async def delete_blacklist(
    body: RawBody,
    request: HttpRequest,
    manage_blacklist: NamedDependency[ManageBlacklist],
    phone: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Take a phone off the blacklist; also when it was not there."""
    await manage_blacklist.remove(_asked(phone, body, request))
    return response(OK)


@get(
    "/blacklist",
    operation_class=OptionalPhoneOperation,
    responses=answers(EntryAnswer, WITH_BODY),
    cache_control=_NEVER_CACHED,
)
async def get_blacklist(
    body: RawBody,
    request: HttpRequest,
    manage_blacklist: NamedDependency[ManageBlacklist],
    phone: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Look a phone up; 400 with ``not_blacklisted`` when it is not there."""
    entry = await manage_blacklist.find(_asked(phone, body, request))
    return response(Reply(encode(_answer(entry))))


def _asked(query: str | None, body: bytes, request: HttpRequest) -> str:
    if query is not None:
        # In a query string a plus sign means a space.
        return f"+{query[1:]}" if query.startswith(" ") else query
    if not body:
        raise BodyError("missing_phone", "Name the phone in ?phone=77011234567 or a JSON body.")
    return _written(body, request)


def _written(body: bytes, request: HttpRequest) -> str:
    check_headers(request.scope["headers"])
    return str(decode(body, PHONE).phone)


def _answer(entry: BlacklistEntry) -> EntryAnswer:
    view = EntryView(entry.phone.msisdn, _documented_time(entry.created_at))
    return EntryAnswer(status=True, content=EntryContent(view))


def _documented_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
