"""How long the money will last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

from application.ports.balances import BalanceLog, Sample
from application.ports.system import Clock
from domain.lookup import Balance

LOOKED_BACK = timedelta(days=1)
_LEAST = timedelta(minutes=30)
"""From less than this nothing is foretold."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Money:
    """What is left with a provider.

    Attributes:
        at: when it said so.
        hours_left: until nothing is left, if it goes on as in the last day; ``None`` where nothing
            was spent, or too little is known.
    """

    balance: Balance
    at: datetime
    hours_left: float | None


class ReadMoney:
    """What is left, and for how long."""

    def __init__(self, log: BalanceLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def __call__(self) -> Mapping[str, Money]:
        """Return it for every provider that has said anything in the last day."""
        samples = await self._log.since(self._clock.now() - LOOKED_BACK)
        found = sorted(samples, key=lambda sample: (sample.provider, sample.at))
        return {
            provider: foretold(list(its))
            for provider, its in groupby(found, lambda sample: sample.provider)
        }


def foretold(samples: Sequence[Sample]) -> Money:
    """Foretell from what a provider has said, the oldest first; what was paid in is left out."""
    last = samples[-1]
    while_s = (last.at - samples[0].at) / _HOUR
    spent = _spent(samples)
    known = last.at - samples[0].at >= _LEAST and spent > 0
    left = float(max(last.balance.amount, Decimal(0)))
    return Money(last.balance, last.at, left / (float(spent) / while_s) if known else None)


def _spent(samples: Iterable[Sample]) -> Decimal:
    steps = pairwise(sample.balance.amount for sample in samples)
    return sum((max(before - after, Decimal(0)) for before, after in steps), Decimal(0))
