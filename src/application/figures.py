"""The numbers of a while: what was sent, what arrived, and how long that took."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from application.ports.counters import Count, Counters
from application.ports.system import Clock
from application.rollup import SLOT, slot_of
from domain.message import MessageStatus

_S = MessageStatus
_FAILED = frozenset({_S.UNDELIVERABLE, _S.EXPIRED, _S.REJECTED, _S.FAILED})
_HOUR = timedelta(hours=1)


class Span(StrEnum):
    """How far back to look."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        """How long that is."""
        return {Span.HOUR: _HOUR, Span.DAY: timedelta(days=1), Span.WEEK: timedelta(days=7)}[self]

    @property
    def step(self) -> timedelta:
        """How long each of its parts is."""
        return SLOT if self is Span.HOUR else _HOUR


@dataclass(slots=True)
class Tally:
    """Messages that were accepted in some time, as they stand.

    Attributes:
        sent: those a provider has taken, or may have.
        failed: those that did not arrive, and will not.
    """

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0

    def add(self, count: Count) -> None:
        """Add some messages."""
        if count.status is _S.DELIVERED:
            self.delivered += count.number
        elif count.status in _FAILED:
            self.failed += count.number
        elif count.status is _S.UNKNOWN:
            self.unknown += count.number
        if count.status in {_S.SUBMITTED, _S.DELIVERED, _S.UNDELIVERABLE, _S.UNKNOWN}:
            self.sent += count.number

    @property
    def rate(self) -> float | None:
        """The share that arrived of those whose end is known; ``None`` where none is."""
        ended = self.delivered + self.failed
        return self.delivered / ended if ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFigures:
    """How a provider did.

    Attributes:
        p50_s: half of its messages arrived within so many seconds; ``None`` where none did.
        p95_s: the same for 95 of a hundred.
    """

    provider: str
    tally: Tally
    p50_s: int | None
    p95_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresOf:
    """The numbers of a span.

    Attributes:
        times: of its parts, the oldest first.
        parts: the numbers of each.
    """

    span: Span
    times: Sequence[datetime]
    parts: Sequence[Tally]
    total: Tally
    providers: Sequence[ProviderFigures]


class Figures:
    """Reads what was counted."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock

    async def __call__(self, span: Span) -> FiguresOf:
        """Return the numbers of the latest hour, day or week."""
        times = self._times(span)
        counts = await self._counters.read(times[0], by_hour=span is not Span.HOUR)
        parts = {at: Tally() for at in times}
        total = Tally()
        for count in counts:
            if count.at in parts:
                parts[count.at].add(count)
                total.add(count)
        return FiguresOf(
            span=span,
            times=times,
            parts=list(parts.values()),
            total=total,
            providers=_by_provider(counts),
        )

    def _times(self, span: Span) -> Sequence[datetime]:
        last = slot_of(self._clock.now())
        if span is not Span.HOUR:
            last = last.replace(minute=0)
        number = span.length // span.step
        return [last - back * span.step for back in reversed(range(number))]


def _by_provider(counts: Iterable[Count]) -> Sequence[ProviderFigures]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    waits: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for count in counts:
        tallies[count.provider].add(count)
        if count.wait_s:
            waits[count.provider][count.wait_s] += count.number
    return [
        ProviderFigures(
            provider=provider,
            tally=tallies[provider],
            p50_s=_within(waits[provider], 0.5),
            p95_s=_within(waits[provider], 0.95),
        )
        for provider in sorted(tallies)
    ]


def _within(waits: dict[int, int], share: float) -> int | None:
    """Return within how many seconds that share of messages arrived, rounded up."""
    enough, seen = share * sum(waits.values()), 0
    for wait_s in sorted(waits):
        seen += waits[wait_s]
        if seen >= enough:
            return wait_s
    return None
