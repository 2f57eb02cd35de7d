"""What money was left when, so that it can be told how long it will last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.lookup import Balance


@dataclass(frozen=True, slots=True)
class Sample:
    """What a provider said once."""

    provider: str
    at: datetime
    balance: Balance


class BalanceLog(Protocol):
    """What providers said of their money.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def add(self, sample: Sample) -> None:
        """Write what a provider said; of several at one time the first counts."""
        ...

    async def since(self, at: datetime) -> Sequence[Sample]:
        """Return what all of them said from a time on, the oldest first."""
        ...

    async def forget(self, before: datetime) -> None:
        """Delete what was said before a time."""
        ...
