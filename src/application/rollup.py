"""Messages are counted while nobody waits for it: those of late often, earlier ones seldom."""

from datetime import UTC, datetime, timedelta

from application.loops import for_ever
from application.ports.counters import Counters
from application.ports.system import Clock

SLOT = timedelta(minutes=5)
KEPT = timedelta(days=8)
EVERY_S = 5.0
_AT_LEAST_S = 10.0
_SHARE = 20
"""A slot is counted again after a twentieth of its age: what it holds changes ever less."""
_AT_ONCE = 20


class Rollup:
    """Counts slots of five minutes, the latest first."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock
        self._counted_at: dict[datetime, datetime] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "counting messages")

    async def once(self) -> float:
        """Count what it is time for; return in how many seconds to do it again."""
        now = self._clock.now()
        due = self._due(now)
        for slot in due[:_AT_ONCE]:
            await self._counters.recount(slot, slot + SLOT)
            self._counted_at[slot] = now
        old = [slot for slot in self._counted_at if slot < now - KEPT]
        if old:
            await self._counters.forget(now - KEPT)
        for slot in old:
            del self._counted_at[slot]
        return 0.1 if len(due) > _AT_ONCE else EVERY_S

    def _due(self, now: datetime) -> list[datetime]:
        latest = slot_of(now)
        slots = (latest - number * SLOT for number in range(KEPT // SLOT))
        return [slot for slot in slots if self._is_due(slot, now)]

    def _is_due(self, slot: datetime, now: datetime) -> bool:
        counted_at = self._counted_at.get(slot)
        if counted_at is None:
            return True
        age_s = (now - slot).total_seconds()
        return (now - counted_at).total_seconds() >= max(_AT_LEAST_S, age_s / _SHARE)


def slot_of(at: datetime) -> datetime:
    """Return when the slot begins that a time is in."""
    seconds = SLOT // timedelta(seconds=1)
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)
