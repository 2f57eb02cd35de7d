"""``GET /audit``."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from application.audit_reading import MAX_PAGE, ReadAudit
from application.ports.audit import AuditFilter
from domain.audit import AuditAction, AuditEntry
from entrypoints.http.errors import response
from entrypoints.http.openapi import LISTING, KeyedOperation, answers
from entrypoints.http.queries import query_time
from entrypoints.http.replies import Reply, encode

DEFAULT_PAGE = 100


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did; ``account`` is their key's, ``address`` where it came from."""

    id: str
    at: datetime
    actor: str
    account: str | None
    address: str | None
    action: str
    subject: str
    detail: str


class AuditContent(msgspec.Struct, frozen=True):
    """A page of entries; ``next_cursor`` where more follow."""

    entries: list[AuditView]
    next_cursor: str | None


class AuditAnswer(msgspec.Struct, frozen=True):
    """The entries that were asked for."""

    status: bool
    content: AuditContent


@get(
    "/audit",
    operation_class=KeyedOperation,
    responses=answers(AuditAnswer, LISTING),
    cache_control=CacheControlHeader(no_store=True),
)
async def get_audit(  # noqa: PLR0913, PLR0917 - one for each parameter of the query
    read_audit: NamedDependency[ReadAudit],
    action: FromQuery[AuditAction | None] = None,
    actor: Annotated[str | None, QueryParameter(description="a key's name, or its id")] = None,
    subject: Annotated[str | None, QueryParameter(description="what it was done to")] = None,
    since: Annotated[str | None, QueryParameter(description="then or later, RFC 3339")] = None,
    until: Annotated[str | None, QueryParameter(description="before, RFC 3339")] = None,
    cursor: Annotated[
        UUID | None, QueryParameter(description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> Response[bytes]:
    """List who changed what, the latest first."""
    wanted = AuditFilter(
        action=action,
        actor=actor,
        subject=subject,
        since=query_time("since", since),
        until=query_time("until", until),
    )
    page = await read_audit(wanted, before=cursor, limit=limit)
    content = AuditContent(
        [audit_view(entry) for entry in page.entries],
        None if page.next_before is None else str(page.next_before),
    )
    return response(Reply(encode(AuditAnswer(status=True, content=content))))


def audit_view(entry: AuditEntry) -> AuditView:
    """Show an entry."""
    return AuditView(
        id=str(entry.id),
        at=entry.at,
        actor=entry.actor,
        account=entry.account,
        address=entry.address,
        action=entry.action.value,
        subject=entry.subject,
        detail=entry.detail,
    )
