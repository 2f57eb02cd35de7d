"""``POST``, ``DELETE`` and ``GET /blacklist``.

The phone of ``DELETE`` and ``GET`` stands in a JSON body, as documented, or in ``?phone=``, which
wins: browsers and some proxies drop such bodies.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

import msgspec
from litestar import Response, delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery, RawBody

from application.manage_blacklist import ManageBlacklist
from application.ports.blacklist import Once
from application.replays import Replays
from domain.blacklist import BlacklistEntry
from entrypoints.http.bodies import ENTRY, PHONE, check_headers, decode
from entrypoints.http.errors import BodyError, response
from entrypoints.http.incoming import caller_of, incoming
from entrypoints.http.once import once, stored
from entrypoints.http.openapi import (
    WITH_BODY,
    WITH_KEY,
    EntryOperation,
    OptionalPhoneOperation,
    RemovalOperation,
    answers,
)
from entrypoints.http.queries import query_phone
from entrypoints.http.replies import OK, HttpRequest, Reply, StatusAnswer, encode
from entrypoints.http.times import read_time

Change = Callable[[str, Once | None], Awaitable[None]]
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
    operation_class=EntryOperation,
    responses=answers(StatusAnswer, WITH_KEY),
)
async def post_blacklist(
    body: RawBody,
    request: HttpRequest,
    manage_blacklist: NamedDependency[ManageBlacklist],
    replays: NamedDependency[Replays],
) -> Response[bytes]:
    """Put a phone on the blacklist; one already there keeps its date."""
    check_headers(request.scope["headers"])
    entry = decode(body, ENTRY)
    add = partial(
        manage_blacklist.add,
        by=caller_of(request.scope),
        reason=entry.reason,
        note=entry.note,
        expires_at=read_time("expires_at", entry.expires_at),
    )
    return response(await _change(add, str(entry.phone), replays, request, body))


@delete(
    "/blacklist",
    status_code=200,
    operation_class=RemovalOperation,
    responses=answers(StatusAnswer, WITH_KEY),
)
async def delete_blacklist(
    body: RawBody,
    request: HttpRequest,
    manage_blacklist: NamedDependency[ManageBlacklist],
    replays: NamedDependency[Replays],
    phone: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Take a phone off the blacklist; also when it was not there."""
    asked = _asked(phone, body, request)
    remove = partial(manage_blacklist.remove, by=caller_of(request.scope))
    return response(await _change(remove, asked, replays, request, body))


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


async def _change(
    change: Change, phone: str, replays: Replays, request: HttpRequest, body: bytes
) -> Reply:
    key = incoming(request.scope, body).key
    if key is None:
        await change(phone, None)
        return OK

    async def serve() -> Reply:
        await change(phone, Once(key, stored(OK)))
        return OK

    return await once(replays, key, serve)


def _asked(query: str | None, body: bytes, request: HttpRequest) -> str:
    if query is not None:
        return query_phone(query)
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
