"""The audit log, on both databases; there is no statement that changes or deletes an entry."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.reads import read
from adapters.persistence.rows import Row
from adapters.persistence.tables import audit
from application.ports.audit import AuditFilter
from domain.audit import AuditAction, AuditEntry


class SqlAuditLog:
    """Entries are rows of ``sms_audit``; see ``AuditLog``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine) -> None:
        self._commits = commits
        self._reader = reader

    async def add(self, entry: AuditEntry) -> None:
        """Write an entry; see ``AuditLog.add``."""
        await self._commits.run(_add, entry)

    async def find(
        self, wanted: AuditFilter, *, before: UUID | None, limit: int
    ) -> Sequence[AuditEntry]:
        """Return some entries, the latest first; see ``AuditLog.find``."""
        query = sa.select(audit).where(*_conditions(wanted))
        if before is not None:
            query = query.where(audit.c.id < before)
        found = await read(self._reader, query.order_by(audit.c.id.desc()).limit(limit))
        return [_to_entry(row) for row in found]


def _add(connection: sa.Connection, entries: Sequence[AuditEntry]) -> Sequence[None]:
    connection.execute(sa.insert(audit), [_row(entry) for entry in entries])
    return [None] * len(entries)


def _conditions(wanted: AuditFilter) -> list[sa.ColumnElement[bool]]:
    columns = audit.c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.action is not None:
        found.append(columns.action == wanted.action.value)
    if wanted.actor is not None:
        actor = _clean(wanted.actor)
        found.append((columns.actor == actor) | (columns.account == actor))
    if wanted.subject is not None:
        found.append(columns.subject == _clean(wanted.subject))
    if wanted.since is not None:
        found.append(columns.at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.at < wanted.until)
    return found


def _clean(text: str) -> str:
    """Make a text of any that PostgreSQL takes: no NUL, and nothing that is not UTF-8."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _row(entry: AuditEntry) -> Row:
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": _clean(entry.actor),
        "account": entry.account,
        "address": entry.address,
        "action": entry.action.value,
        "subject": _clean(entry.subject),
        "detail": _clean(entry.detail),
    }


def _to_entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        account=row.account,
        address=row.address,
        action=AuditAction(row.action),
        subject=row.subject,
        detail=row.detail,
    )
