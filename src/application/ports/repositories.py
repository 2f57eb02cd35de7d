"""The blacklist."""

from collections.abc import Sequence
from typing import Protocol

from domain.blacklist import BlacklistEntry
from domain.phone import Phone


class BlacklistRepository(Protocol):
    """Who must not be written to, on disk."""

    async def add(self, entry: BlacklistEntry) -> None:
        """Put a phone on the list; one already there keeps its date. Durable on return."""
        ...

    async def remove(self, phone: Phone) -> None:
        """Take a phone off the list, if it is there. Durable on return."""
        ...

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        """Return the entry of a phone, or ``None``."""
        ...

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those of the phones that are on the list; at most 1 000 are asked at once."""
        ...
