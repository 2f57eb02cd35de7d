"""The audit log, for who wants to read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.ports.audit import AuditFilter, AuditLog
from domain.audit import AuditEntry

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some of the entries that were asked for.

    Attributes:
        next_before: where the next page starts; ``None`` on the last one.
    """

    entries: Sequence[AuditEntry]
    next_before: UUID | None


class ReadAudit:
    """``GET /audit`` and ``habar audit``."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def __call__(
        self, wanted: AuditFilter, *, before: UUID | None = None, limit: int = MAX_PAGE
    ) -> AuditPage:
        """Return up to ``limit`` entries, the latest first.

        Args:
            wanted: which ones.
            before: ``next_before`` of the page before.
            limit: of this page.
        """
        found = await self._log.find(wanted, before=before, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return AuditPage(page, page[-1].id if more else None)
