"""What is known of the providers, in a dictionary."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf

from application.errors import StorageUnavailableError
from application.ports.provider_states import PAUSED, ProviderState
from application.ports.system import Clock
from tests.fakes.system import FixedClock

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class StateRow:
    """One provider's row."""

    tat: datetime = _LONG_AGO
    paused_until: datetime = _LONG_AGO
    retry_at: datetime | None = None
    trips: int = 0
    reason: str = ""


@dataclass(slots=True)
class MemoryProviderStates:
    """Rates, pauses and circuits.

    Attributes:
        away: the database cannot be reached.
    """

    clock: Clock = field(default_factory=FixedClock)
    rows: dict[str, StateRow] = field(default_factory=dict)
    away: bool = False

    async def read(self) -> Mapping[str, ProviderState]:
        await self._reach()
        return {provider: self.state(provider) for provider in self.rows}

    async def reserve(
        self, provider: str, *, cost: int, spacing_s: float, patience_s: float
    ) -> float | None:
        await self._reach()
        return self.take(provider, cost * spacing_s, patience_s)

    async def pause(self, provider: str, seconds: float) -> None:
        await self._reach()
        row = self._row(provider)
        row.paused_until = max(row.paused_until, self._in(seconds))

    async def trip(self, provider: str, seconds: float, reason: str) -> None:
        await self._reach()
        row = self._row(provider)
        if not self.state(provider).held:
            row.retry_at, row.trips, row.reason = self._in(seconds), row.trips + 1, reason

    async def probe(self, provider: str, seconds: float) -> bool:
        await self._reach()
        row = self._row(provider)
        if row.retry_at is None or row.retry_at > self.clock.now():
            return False
        if self.state(provider).hold_over:
            await self.release(provider)
            return True
        row.retry_at = self._in(seconds)
        return True

    async def restore(self, provider: str) -> None:
        await self._reach()
        if not self.state(provider).held:
            await self.release(provider)

    async def hold(self, provider: str, seconds: float | None, by: str = "") -> None:
        await self._reach()
        row = self._row(provider)
        row.retry_at = _FOR_EVER if seconds is None else self._in(seconds)
        row.trips, row.reason = 0, f"{PAUSED} by {by}" if by else PAUSED

    async def release(self, provider: str) -> None:
        await self._reach()
        row = self._row(provider)
        row.retry_at, row.trips, row.reason = None, 0, ""

    def state(self, provider: str) -> ProviderState:
        """Return what is known now."""
        row = self.rows.get(provider, StateRow())
        return ProviderState(
            paused_s=self._until(row.paused_until),
            retry_s=self._retry_s(row),
            trips=row.trips,
            reason=row.reason,
        )

    def take(self, name: str, length_s: float, within_s: float) -> float | None:
        """Take the next slot unless it is too far away; return seconds until it."""
        row = self._row(name)
        start = max(row.tat if length_s else row.paused_until, row.paused_until, self.clock.now())
        wait_s = self._until(start)
        if wait_s > within_s:
            return None
        if length_s:
            row.tat = start + timedelta(seconds=length_s)
        return wait_s

    def until_free(self, name: str) -> float:
        """Return seconds until the next slot."""
        return self._until(self._row(name).tat)

    def _retry_s(self, row: StateRow) -> float | None:
        if row.retry_at is None:
            return None
        return inf if row.retry_at == _FOR_EVER else self._until(row.retry_at)

    def _row(self, provider: str) -> StateRow:
        return self.rows.setdefault(provider, StateRow())

    def _in(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)

    def _until(self, at: datetime) -> float:
        return max(0.0, (at - self.clock.now()).total_seconds())

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise StorageUnavailableError("memory: away")
