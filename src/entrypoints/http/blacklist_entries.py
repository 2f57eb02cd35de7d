"""``GET /blacklist/entries`` and ``GET /blacklist/export``."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from application.blacklist_reading import MAX_PAGE, EntryPage, ReadBlacklist
from application.ports.blacklist import ListedEntry
from domain.blacklist import BlacklistSource
from entrypoints.http.errors import invalid_field, response
from entrypoints.http.headers import header
from entrypoints.http.openapi import CSV, LISTING, NDJSON, ExportOperation, KeyedOperation, answers
from entrypoints.http.queries import query_phone
from entrypoints.http.replies import HttpRequest, Reply, encode

DEFAULT_PAGE = 100
_LONGEST_ID = 18
_LONGEST_PHONE = 255
_NO_CURSOR = "must be next_cursor of the page before"
_NEVER_CACHED = CacheControlHeader(no_store=True)


class ListedEntryView(msgspec.Struct, frozen=True):
    """An entry; times are RFC 3339 in UTC."""

    phone: str
    created_at: datetime
    reason: str | None
    source: BlacklistSource
    note: str | None
    expires_at: datetime | None


class EntriesContent(msgspec.Struct, frozen=True):
    """A page of entries; ``next_cursor`` where more follow."""

    entries: list[ListedEntryView]
    next_cursor: str | None


class EntriesAnswer(msgspec.Struct, frozen=True):
    """The entries that were asked for."""

    status: bool
    content: EntriesContent


@get(
    "/blacklist/entries",
    operation_class=KeyedOperation,
    responses=answers(EntriesAnswer, LISTING),
    cache_control=_NEVER_CACHED,
)
async def get_blacklist_entries(
    read_blacklist: NamedDependency[ReadBlacklist],
    phone: Annotated[str | None, QueryParameter(description="how the phones start")] = None,
    source: FromQuery[BlacklistSource | None] = None,
    cursor: Annotated[
        str | None, QueryParameter(description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> Response[bytes]:
    """List the blacklist, the latest entry first; with ``phone`` in the order of the phones."""
    if phone is None:
        before = _id(cursor)
        page = await read_blacklist.latest(before=before, limit=limit, source=source)
        return _page(page, lambda entry: str(entry.id))
    start, after = query_phone(phone), _phone(cursor)
    page = await read_blacklist.starting_with(start, after=after, limit=limit, source=source)
    return _page(page, lambda entry: entry.phone)


@get(
    "/blacklist/export",
    operation_class=ExportOperation,
    responses=answers(str, LISTING, media_type=CSV),
    cache_control=_NEVER_CACHED,
)
async def get_blacklist_export(
    request: HttpRequest,
    read_blacklist: NamedDependency[ReadBlacklist],
    format: Annotated[  # noqa: A002 - the parameter's name in the address
        Literal["csv", "ndjson"] | None, QueryParameter(description="wins over Accept")
    ] = None,
) -> Stream:
    """Return the whole blacklist as CSV or NDJSON, the oldest entry first."""
    chosen = format or (
        "ndjson" if NDJSON in header(request.scope["headers"], b"accept") else "csv"
    )
    return await exported(read_blacklist, chosen)


async def exported(read_blacklist: ReadBlacklist, chosen: Literal["csv", "ndjson"]) -> Stream:
    """Answer with the whole blacklist as a file."""
    pages = read_blacklist.everything()
    first = await anext(pages)  # a database that is away is told before the answer begins
    write = _csv if chosen == "csv" else _ndjson
    return Stream(
        _written(write, first, pages),
        media_type=CSV if chosen == "csv" else NDJSON,
        headers={"Content-Disposition": f'attachment; filename="blacklist.{chosen}"'},
    )


def _id(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_ID:
        return int(cursor)
    raise invalid_field("cursor", _NO_CURSOR)


def _phone(cursor: str | None) -> str | None:
    if cursor is None or (cursor.isprintable() and len(cursor) <= _LONGEST_PHONE):
        return cursor
    raise invalid_field("cursor", _NO_CURSOR)


def _page(page: EntryPage, name: Callable[[ListedEntry], str]) -> Response[bytes]:
    views = [_view(entry) for entry in page.entries]
    content = EntriesContent(views, name(page.entries[-1]) if page.more else None)
    return response(Reply(encode(EntriesAnswer(status=True, content=content))))


def _view(entry: ListedEntry) -> ListedEntryView:
    return ListedEntryView(
        phone=entry.phone,
        created_at=entry.created_at,
        reason=entry.reason,
        source=entry.source,
        note=entry.note,
        expires_at=entry.expires_at,
    )


async def _written(
    write: Callable[[Sequence[ListedEntry]], bytes],
    first: Sequence[ListedEntry],
    rest: AsyncIterator[Sequence[ListedEntry]],
) -> AsyncIterator[bytes]:
    if write is _csv:
        yield ",".join(ListedEntryView.__struct_fields__).encode() + b"\r\n"
    yield write(first)
    async for page in rest:
        yield write(page)


def _ndjson(entries: Sequence[ListedEntry]) -> bytes:
    return b"".join(encode(_view(entry)) + b"\n" for entry in entries)


def _csv(entries: Sequence[ListedEntry]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    for entry in entries:
        view = _view(entry)
        rows.writerow(_cell(getattr(view, name)) for name in view.__struct_fields__)
    return text.getvalue().encode()


def _cell(value: str | datetime | None) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value or ""
