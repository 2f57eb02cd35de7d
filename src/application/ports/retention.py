"""Retention: what is old is removed, a little at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Cutoff:
    """How old is old.

    Attributes:
        before: what has not changed since is removed.
        unheard_before: the same for a message whose end is not known; never later.
    """

    before: datetime
    unheard_before: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What a step came to.

    Attributes:
        removed: how many.
        held_s: seconds for which its transaction kept others from writing.
        more: this was not all.
    """

    removed: int
    held_s: float
    more: bool


class Remover(Protocol):
    """Removes one kind of thing, and remembers how far it has come."""

    async def step(self, cutoff: Cutoff, limit: int) -> Step:
        """Look at some more of what is there, and remove what is old of it, in one transaction.

        A message is touched only where nothing can be sent or told of it any more: it is in a final
        state; or ``submitted``, or ``unknown`` without a look-up to come, since before
        ``unheard_before``. What others are writing is left for the next time.

        Args:
            cutoff: how old is old.
            limit: rows that are looked at, about.

        Raises:
            StorageUnavailableError: the database is away; the next step begins at the same place.
        """
        ...
