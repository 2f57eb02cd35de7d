"""What is old is removed, in steps so short that nobody who sends notices."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.loops import for_ever
from application.ports.retention import Cutoff, Remover, Step
from application.ports.system import Clock
from application.receipt_questions import GIVE_UP_S

EVERY_S = 600.0
LONG_S = 0.01
"""A step is made as large as others can be kept from writing for so long."""
FIRST, LEAST, MOST = 100, 10, 500
SHARE = 4
"""So many times the length of a step is waited after it."""
SHORTEST_PAUSE_S = 0.01
_UNHEARD = timedelta(seconds=GIVE_UP_S)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one kind of thing is kept.

    Attributes:
        what: its name, in the plural.
        keep: since its last change.
    """

    what: str
    remover: Remover
    keep: timedelta


def next_size(size: int, held_s: float) -> int:
    """Return how much the next step looks at, after one of this size.

    As much as should take ``LONG_S``, but no less than half as much: one step may be slow for other
    reasons. It grows by a quarter at most: where most of a step is the way to a server and back,
    sizes that were halved for a while must grow again.
    """
    wanted = size * LONG_S / max(held_s, LONG_S / MOST)
    return round(max(LEAST, size / 2, min(MOST, size + size / 4, wanted)))


def pause_s(held_s: float) -> float:
    """Return how long is waited after a step."""
    return max(SHORTEST_PAUSE_S, held_s * SHARE)


def cutoff(now: datetime, keep: timedelta) -> Cutoff:
    """Return what is old: where nobody knows the end, not before providers are asked no more."""
    return Cutoff(now - keep, now - max(keep, _UNHEARD))


class Retention:
    """Goes by one rule after the other, then rests."""

    def __init__(self, rules: Sequence[Rule], clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._sizes = [FIRST for _ in rules]
        self._turn = 0
        self._removed = 0

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "retention")

    async def once(self) -> float:
        """Do one step; return in how many seconds to do the next one."""
        rule, size = self._rules[self._turn], self._sizes[self._turn]
        step = await rule.remover.step(cutoff(self._clock.now(), rule.keep), size)
        self._sizes[self._turn] = next_size(size, step.held_s)
        self._removed += step.removed
        return pause_s(step.held_s) if step.more else self._next(rule, step)

    def _next(self, rule: Rule, step: Step) -> float:
        if self._removed:
            _log.info("%s %s were older than %s", self._removed, rule.what, rule.keep)
        self._removed = 0
        self._turn = (self._turn + 1) % len(self._rules)
        return pause_s(step.held_s) if self._turn else EVERY_S
