"""The audit log in a list."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from application.audit import Audit
from application.errors import StorageUnavailableError
from application.ports.audit import AuditFilter
from domain.audit import AuditEntry
from domain.caller import Caller, Scope
from tests.fakes.system import CountingIds, FixedClock

OPERATOR = Caller(
    account="key-1", name="operator", scopes=frozenset({Scope.ADMIN}), address="192.0.2.7"
)


def an_audit(log: "MemoryAuditLog | None" = None) -> Audit:
    """Make what writes to a log; without one, to one nobody looks at."""
    return Audit(log or MemoryAuditLog(), FixedClock(), CountingIds())


class MemoryAuditLog:
    """Who changed what.

    Attributes:
        kept: in the order it was written.
        away: the database cannot be reached.
    """

    def __init__(self) -> None:
        self.kept: list[AuditEntry] = []
        self.away = False

    async def add(self, entry: AuditEntry) -> None:
        if self.away:
            raise StorageUnavailableError
        actor, subject, detail = map(_clean, (entry.actor, entry.subject, entry.detail))
        self.kept.append(replace(entry, actor=actor, subject=subject, detail=detail))

    async def find(
        self, wanted: AuditFilter, *, before: UUID | None, limit: int
    ) -> Sequence[AuditEntry]:
        found = [
            entry
            for entry in sorted(self.kept, key=lambda entry: entry.id, reverse=True)
            if _is_wanted(entry, wanted) and (before is None or entry.id < before)
        ]
        return found[:limit]


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode(errors="replace").decode()


def _is_wanted(entry: AuditEntry, wanted: AuditFilter) -> bool:
    return (
        wanted.action in {None, entry.action}
        and (wanted.actor is None or _clean(wanted.actor) in {entry.actor, entry.account})
        and (wanted.subject is None or _clean(wanted.subject) == entry.subject)
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at < wanted.until)
    )
