"""The audit log, on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.audit import AuditAction, AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; what is ``None`` does not matter.

    Attributes:
        actor: whoever did it, by name or by account.
        since: at this time or later.
        until: before this time.
    """

    action: AuditAction | None = None
    actor: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditLog(Protocol):
    """Who changed what; entries are added, and never changed or taken away.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def add(self, entry: AuditEntry) -> None:
        """Write an entry; durable on return. Of its texts NUL is left out."""
        ...

    async def find(
        self, wanted: AuditFilter, *, before: UUID | None, limit: int
    ) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, the latest first.

        Args:
            wanted: which ones.
            before: the id of the last entry of the page before.
            limit: of this page.
        """
        ...
