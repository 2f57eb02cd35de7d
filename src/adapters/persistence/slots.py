"""Slots at a provider's rate: the generic cell rate algorithm (GCRA).

Source: ITU-T I.371, annex A; its "theoretical arrival time" is when the next slot is free.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_FARTHEST_S = 120.0
"""What is farther away than anybody waits, and than this, was taken before the clock was set back:
it must not stop the sending."""
LONGEST_AWAY_S = 7200.0
"""Nobody stays away from a provider for longer; what is farther away is from before, as above."""


def left_s(until: datetime, now: datetime) -> float:
    """Return for how many seconds a provider is to be left alone."""
    ahead_s = (until - now).total_seconds()
    return ahead_s if 0 < ahead_s <= LONGEST_AWAY_S else 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The slots of one provider, seen from now.

    Attributes:
        spacing_s: seconds each takes up; 0 is without a limit.
        next_s: seconds until the next one is free.
    """

    now: datetime
    spacing_s: float
    next_s: float

    @classmethod
    def of(cls, tat: datetime, now: datetime, spacing_s: float, patience_s: float) -> Self:
        """See the slots from a provider's arrival time, as somebody who waits only so long."""
        ahead_s = (tat - now).total_seconds() if spacing_s else 0.0
        return cls(now, spacing_s, ahead_s if 0 < ahead_s <= _FARTHEST_S + patience_s else 0.0)

    @property
    def tat(self) -> datetime:
        """When the next slot is free."""
        return self.now + timedelta(seconds=self.next_s)

    def within(self, horizon_s: float) -> float:
        """Count the slots that begin within a horizon."""
        if not self.spacing_s:
            return math.inf
        # A rate slower than the horizon has one, too: the slot that begins at once.
        return max(0, 1 + math.floor(round((horizon_s - self.next_s) / self.spacing_s, 6)))

    def until(self, horizon_s: float) -> float:
        """Return in how many seconds there will be one within a horizon."""
        return max(0.0, self.next_s - max(0.0, horizon_s - self.spacing_s))

    def start_in(self, taken: int) -> float:
        """Return seconds until the slot behind so many others."""
        return self.next_s + taken * self.spacing_s

    def after(self, taken: int) -> Self:
        """See the slots behind so many others."""
        return replace(self, next_s=self.start_in(taken))
