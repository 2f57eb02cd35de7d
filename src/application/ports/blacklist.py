"""The blacklist: asked before every message, and kept as a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.idempotency import StoredAnswer
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.idempotency import IdempotencyKey
from domain.phone import Phone


@dataclass(frozen=True, slots=True)
class Once:
    """A change that is made once, however often it is asked for, and the answer to all of them."""

    key: IdempotencyKey
    answer: StoredAnswer


class BlacklistRepository(Protocol):
    """Who must not be written to, on disk. An entry that has expired is as good as none.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def add(self, entry: BlacklistEntry, once: Once | None = None) -> bool:
        """Put a phone on the list; see ``BlacklistEntry.joined`` for one already there.

        Durable on return.

        Returns:
            False when the key of ``once`` was there already: then nothing was changed.
        """
        ...

    async def remove(self, phone: Phone, once: Once | None = None) -> bool:
        """Take a phone off the list, if it is there; lift its opt-outs from single senders, too.

        Durable on return; see ``add``.
        """
        ...

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        """Return the entry of a phone, or ``None``."""
        ...

    async def refuses(self, phone: Phone) -> bool:
        """Tell whether there is anything that ``remove`` would take away or lift."""
        ...

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        """Return those of the phones that are on the list; at most 1 000 are asked at once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntry:
    """An entry as the database has it; the system Habar replaces wrote what it was given.

    Attributes:
        id: grows with every entry.
        phone: digits, or whatever stands there.
    """

    id: int
    phone: str
    created_at: datetime
    reason: str | None
    source: BlacklistSource
    note: str | None
    expires_at: datetime | None


class BlacklistEntries(Protocol):
    """The list as a whole. An entry that has expired is left out.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def add_all(self, entries: Sequence[BlacklistEntry]) -> int:
        """Put up to 1 000 phones on the list as ``add`` does; return how many were not there."""
        ...

    async def pause(self) -> None:
        """Let whoever is writing finish, and everybody else do something.

        Called again and again by who reads a long list.
        """
        ...

    async def latest(
        self, *, before: int | None, limit: int, source: BlacklistSource | None = None
    ) -> Sequence[ListedEntry]:
        """Return up to ``limit`` entries, the latest first.

        Args:
            before: the id of the last entry of the page before.
            limit: of this page.
            source: only those of this one.
        """
        ...

    async def starting_with(
        self, digits: str, *, after: str | None, limit: int, source: BlacklistSource | None = None
    ) -> Sequence[ListedEntry]:
        """Return up to ``limit`` entries whose phones start so, in the order of their phones.

        Args:
            digits: at least one.
            after: the phone of the last entry of the page before.
            limit: of this page.
            source: only those of this one.
        """
        ...

    async def oldest(self, *, after: int, limit: int) -> Sequence[ListedEntry]:
        """Return up to ``limit`` entries behind an id, in the order they were added."""
        ...

    async def sweep(self, limit: int) -> int:
        """Delete up to ``limit`` entries that have expired; return how many."""
        ...
