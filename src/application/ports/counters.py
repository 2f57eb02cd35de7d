"""How many messages came to what, counted beforehand: a page must not count a million."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.message import MessageStatus

WAITS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 86_400)
"""Up to so many seconds from the submission to the receipt; what took longer is in the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Some messages that were accepted at about the same time, as they stand.

    Attributes:
        at: when the time begins in which they were accepted.
        wait_s: one of ``WAITS_S`` for delivered ones that were submitted, else 0.
    """

    at: datetime
    provider: str
    status: MessageStatus
    wait_s: int
    number: int


class Counters(Protocol):
    """Counts by the time of acceptance.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def recount(self, since: datetime, until: datetime) -> None:
        """Count the messages accepted from one time to another, in place of what was counted."""
        ...

    async def read(self, since: datetime, *, by_hour: bool) -> Sequence[Count]:
        """Return the counts from a time on, the oldest first; those of an hour can be added up."""
        ...

    async def forget(self, before: datetime) -> None:
        """Delete the counts of an earlier time."""
        ...
