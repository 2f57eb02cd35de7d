"""Idempotency keys in a dictionary."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from application.errors import StorageUnavailableError
from application.ports.idempotency import KeyRecord, StoredAnswer
from application.ports.system import Clock
from domain.idempotency import IdempotencyKey
from tests.fakes.system import FixedClock

_ORPHANED_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key's row."""

    fingerprint: bytes
    request_id: UUID | None
    running_until: datetime
    answer: StoredAnswer | None = None


@dataclass(slots=True)
class MemoryIdempotency:
    """Keys and their answers.

    Attributes:
        away: the database cannot be reached.
    """

    clock: Clock = field(default_factory=FixedClock)
    rows: dict[tuple[str, str], KeyRow] = field(default_factory=dict)
    away: bool = False

    async def find(self, account: str, key: str) -> KeyRecord | None:
        await self._reach()
        row = self.rows.get((account, key))
        if row is None:
            return None
        running = row.answer is None and row.running_until > self.clock.now()
        return KeyRecord(row.fingerprint, row.request_id, row.answer, running)

    async def finish(self, key: IdempotencyKey, answer: StoredAnswer) -> None:
        await self._reach()
        row = self.rows.get((key.account, key.key))
        if row is not None and row.answer is None:
            self.rows[key.account, key.key] = replace(row, answer=answer)

    async def keep(self, keys: Sequence[IdempotencyKey]) -> None:
        await self._reach()
        for key in keys:
            row = self.rows.get((key.account, key.key))
            if row is not None:
                until = self.clock.now() + _ORPHANED_AFTER
                self.rows[key.account, key.key] = replace(row, running_until=until)

    def write(
        self, key: IdempotencyKey, request_id: UUID | None, answer: StoredAnswer | None = None
    ) -> bool:
        """Write a new key with what it protects; False when it is there already."""
        if (key.account, key.key) in self.rows:
            return False
        until = self.clock.now() + _ORPHANED_AFTER
        row = KeyRow(key.fingerprint, request_id, until, answer)
        self.rows[key.account, key.key] = row
        return True

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise StorageUnavailableError("memory: away")
