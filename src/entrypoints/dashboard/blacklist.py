"""Who must not be written to."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from application.blacklist_reading import EntryPage, ReadBlacklist
from application.manage_blacklist import ManageBlacklist
from domain.errors import DomainError, InvalidPhoneError
from entrypoints.dashboard.errors import told
from entrypoints.dashboard.forms import posted
from entrypoints.dashboard.pages import page, see
from entrypoints.dashboard.queries import moment_of
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.incoming import caller_of
from entrypoints.http.replies import HttpRequest

BLACKLIST = f"{ROOT}/blacklist"
_PAGE = 50
_LONGEST_ID = 18
_EMPTY = EntryPage((), more=False)


@get(BLACKLIST)
async def get_blacklist(
    request: HttpRequest,
    read_blacklist: NamedDependency[ReadBlacklist],
    phone: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    """Show the list: the latest entry first, or those whose numbers begin so."""
    return await _list(request, read_blacklist, phone.strip(), after)


@post(f"{BLACKLIST}/add", status_code=HTTPStatus.SEE_OTHER)
async def post_blacklist_add(
    request: HttpRequest,
    manage_blacklist: NamedDependency[ManageBlacklist],
    read_blacklist: NamedDependency[ReadBlacklist],
) -> Response[Any]:
    """Put a phone on the list."""
    form = await posted(request)
    try:
        await manage_blacklist.add(
            form.get("phone", ""),
            by=caller_of(request.scope),
            reason=form.get("reason", "").strip() or None,
            note=form.get("note", "").strip() or None,
            expires_at=_end(form),
        )
    except DomainError as error:
        return await _list(request, read_blacklist, "", "", form=form, error=error)
    return see(BLACKLIST)


@post(f"{BLACKLIST}/remove", status_code=HTTPStatus.SEE_OTHER)
async def post_blacklist_remove(
    request: HttpRequest, manage_blacklist: NamedDependency[ManageBlacklist]
) -> Response[Any]:
    """Take a phone off the list."""
    form = await posted(request)
    await manage_blacklist.remove(form.get("phone", ""), by=caller_of(request.scope))
    return see(BLACKLIST)


async def _list(  # noqa: PLR0913 - all that the page shows
    request: HttpRequest,
    read_blacklist: ReadBlacklist,
    phone: str,
    after: str,
    *,
    form: Any = None,  # noqa: ANN401 - the fields as they were typed
    error: DomainError | None = None,
) -> Response[str]:
    status, problem = (HTTPStatus.OK, "") if error is None else told(error)
    try:
        found = await _read(read_blacklist, phone, after)
    except InvalidPhoneError:
        found = _EMPTY
    return page(
        request,
        "blacklist.html",
        status=status,
        entries=found.entries,
        more=_more(found, phone),
        phone=phone,
        form=form or {},
        problem=problem,
    )


async def _read(read_blacklist: ReadBlacklist, phone: str, after: str) -> EntryPage:
    if phone:
        behind = after if after.isprintable() else ""
        return await read_blacklist.starting_with(phone, after=behind or None, limit=_PAGE)
    known = after.isascii() and after.isdigit() and len(after) <= _LONGEST_ID
    return await read_blacklist.latest(before=int(after) if known else None, limit=_PAGE)


def _more(found: EntryPage, phone: str) -> str | None:
    if not found.more:
        return None
    last = found.entries[-1]
    after = last.phone if phone else str(last.id)
    return f"{BLACKLIST}?{urlencode({'phone': phone, 'after': after})}"


def _end(form: Any) -> datetime | None:  # noqa: ANN401 - as above
    return moment_of(form.get("expires_at", ""))
