"""Counts of messages in a list."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from application.ports.counters import WAITS_S, Count
from domain.message import MessageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A message, as far as it is counted."""

    at: datetime
    provider: str
    status: MessageStatus
    wait: timedelta | None


class MemoryCounters:
    """Counts.

    Attributes:
        messages: what is counted, by any name.
        recounted: the slots that were, in order.
    """

    def __init__(self) -> None:
        self.messages: dict[object, Counted] = {}
        self.kept: list[Count] = []
        self.recounted: list[datetime] = []

    async def recount(self, since: datetime, until: datetime) -> None:
        self.recounted.append(since)
        self.kept = [count for count in self.kept if not since <= count.at < until]
        kinds = Counter(
            Count(
                at=since,
                provider=message.provider,
                status=message.status,
                wait_s=_step(message),
                number=0,
            )
            for message in self.messages.values()
            if since <= message.at < until
        )
        self.kept += [replace(kind, number=number) for kind, number in kinds.items()]

    async def read(self, since: datetime, *, by_hour: bool) -> Sequence[Count]:
        found: Counter[Count] = Counter()
        for count in self.kept:
            if count.at >= since:
                at = count.at.replace(minute=0) if by_hour else count.at
                found[replace(count, at=at, number=0)] += count.number
        counts = [replace(kind, number=number) for kind, number in found.items()]
        return sorted(counts, key=lambda count: count.at)

    async def forget(self, before: datetime) -> None:
        self.kept = [count for count in self.kept if count.at >= before]


def _step(message: Counted) -> int:
    if message.status is not MessageStatus.DELIVERED or message.wait is None:
        return 0
    seconds = message.wait.total_seconds()
    return next((bound for bound in WAITS_S if seconds <= bound), WAITS_S[-1])
