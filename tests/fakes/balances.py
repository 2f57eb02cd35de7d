"""What providers said of their money, in a list."""

from collections.abc import Sequence
from datetime import datetime

from application.ports.balances import Sample


class MemoryBalanceLog:
    """What was said.

    Attributes:
        kept: in the order it was written.
    """

    def __init__(self) -> None:
        self.kept: list[Sample] = []

    async def add(self, sample: Sample) -> None:
        if all((known.provider, known.at) != (sample.provider, sample.at) for known in self.kept):
            self.kept.append(sample)

    async def since(self, at: datetime) -> Sequence[Sample]:
        found = [sample for sample in self.kept if sample.at >= at]
        return sorted(found, key=lambda sample: (sample.at, sample.provider))

    async def forget(self, before: datetime) -> None:
        self.kept = [sample for sample in self.kept if sample.at >= before]
