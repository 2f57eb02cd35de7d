"""How many requests came in, and how many at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from entrypoints.simulator.wire import Operation, ProviderCode


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's place among the others; see ``Arrival``."""

    number: int
    in_flight: int


class Traffic:
    """Counts every request a provider's path receives, refused and broken ones too."""

    def __init__(self) -> None:
        self._arrived: Counter[tuple[ProviderCode, Operation]] = Counter()
        self._in_flight: Counter[tuple[ProviderCode, Operation]] = Counter()
        self._peak: Counter[ProviderCode] = Counter()

    @contextmanager
    def visit(self, provider: ProviderCode, operation: Operation) -> Iterator[Visit]:
        """Count a request in, and out again once it is answered or given up."""
        kind = (provider, operation)
        self._arrived[kind] += 1
        self._in_flight[kind] += 1
        if operation is Operation.SEND:
            self._peak[provider] = max(self._peak[provider], self._in_flight[kind])
        try:
            yield Visit(self.total(provider), self._in_flight[kind])
        finally:
            self._in_flight[kind] -= 1

    def total(self, provider: ProviderCode) -> int:
        """Return how many requests this provider has had."""
        return sum(self._arrived[provider, operation] for operation in Operation)

    def report(self) -> dict[str, dict[str, int]]:
        """Return the counts of each provider; ``parallel_sends`` is the highest seen."""
        return {
            provider: {
                "total": self.total(provider),
                **{operation: self._arrived[provider, operation] for operation in Operation},
                "parallel_sends": self._peak[provider],
            }
            for provider in ProviderCode
        }

    def clear(self) -> None:
        """Start counting again; what is in flight stays so."""
        self._arrived.clear()
        self._peak.clear()
