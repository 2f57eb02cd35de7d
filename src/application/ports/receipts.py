"""The receipts' way to their messages, and where those wait that cannot be matched yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.message import Message
from domain.receipt import Receipt


class Fate(StrEnum):
    """What became of a receipt."""

    APPLIED = "applied"
    KNOWN = "known"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Parked:
    """A receipt that waits.

    Attributes:
        id: the database's name for it.
        message: the one it speaks of as it is now, where that is known.
    """

    id: int
    receipt: Receipt
    message: Message | None


class ReceiptLog(Protocol):
    """Receipts on disk: applied to their messages, or parked.

    One by our reference is for the message of that name; any other one for the provider's latest
    message under the provider's own name. A change of a message and the line in its history are
    one transaction. Every method raises ``StorageUnavailableError`` when the database cannot be
    reached.
    """

    async def record(self, receipt: Receipt) -> Fate:
        """Apply a receipt, or park it; durable on return, and safe to repeat.

        What says nothing new writes nothing. Parked is what cannot be matched, whose message is
        being sent at this moment, and what has to be confirmed or seen to before it counts.
        """
        ...

    async def claim(self, limit: int, lease_s: float) -> Sequence[Parked]:
        """Take parked receipts that are due, the longest due first; nobody else has them for long.

        Args:
            limit: receipts, at most.
            lease_s: they are due again after so long unless they are settled or put off.
        """
        ...

    async def settle(self, parked: Parked, receipt: Receipt, wait_s: float) -> Fate:
        """Apply a parked receipt; it is thrown away once it was applied or says nothing new.

        Args:
            parked: the one that was claimed.
            receipt: what it says now, confirmed and seen to.
            wait_s: it is due again after so long where it still has to wait.
        """
        ...

    async def put_off(self, parked: Parked, wait_s: float) -> None:
        """Have a parked receipt be due again after so long."""
        ...

    async def drop(self, parked: Parked) -> None:
        """Throw a parked receipt away."""
        ...
