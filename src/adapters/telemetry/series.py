"""Series of a metric, made beforehand: what is counted often only looks its series up.

A provider that is not configured (any more) is counted as ``other``: no label takes its values
from the database or from the wire.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

Metric = TypeVar("Metric", Counter, Histogram)
OTHER = "other"

# A second series for each one, which nobody here asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here


class Series(Generic[Metric]):
    """The series of one metric, under all values its labels can have."""

    def __init__(self, metric: Metric, values: Sequence[Sequence[str]]) -> None:
        """Make them.

        Args:
            metric: its first label is the provider.
            values: of each label; ``OTHER`` is one of the provider's.
        """
        keys = product(*values)
        self._children: dict[tuple[str, ...], Metric] = {key: metric.labels(*key) for key in keys}

    def of(self, provider: str, *others: str) -> Metric:
        """Return the series under these labels."""
        known = self._children.get((provider, *others))
        return self._children[OTHER, *others] if known is None else known


class Catalogue:
    """Makes metrics that have a series for every provider."""

    def __init__(self, registry: CollectorRegistry, providers: Sequence[str]) -> None:
        """Make them in ``registry``, telling ``providers`` apart."""
        self._registry = registry
        self._providers = (*providers, OTHER)

    def counters(
        self, name: str, text: str, others: Mapping[str, Sequence[str]] | None = None
    ) -> Series[Counter]:
        """Make counters; ``others`` are the other labels with their values."""
        labels = {"provider": self._providers, **(others or {})}
        counter = Counter(name, text, tuple(labels), registry=self._registry)
        return Series(counter, list(labels.values()))

    def histograms(
        self,
        name: str,
        text: str,
        buckets: Sequence[float],
        others: Mapping[str, Sequence[str]] | None = None,
    ) -> Series[Histogram]:
        """Make histograms; ``others`` are the other labels with their values."""
        labels = {"provider": self._providers, **(others or {})}
        histogram = Histogram(
            name, text, tuple(labels), registry=self._registry, buckets=tuple(buckets)
        )
        return Series(histogram, list(labels.values()))
