"""Long lists, a piece at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
SLICE = 1_000
"""No loop over recipients runs longer than this before other requests get their turn."""


def slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return the items in order, at most ``SLICE`` at once."""
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
