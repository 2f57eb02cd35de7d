"""A blacklist in a dictionary."""

from collections.abc import Iterable, Sequence

from application.ports.repositories import Once
from domain.blacklist import BlacklistEntry
from domain.phone import Phone
from tests.fakes.idempotency import MemoryIdempotency
from tests.fakes.system import NOW


class MemoryBlacklist:
    """A blacklist.

    Attributes:
        asked: how many phones each call of ``listed`` asked for.
    """

    def __init__(
        self, phones: Iterable[str] = (), *, keys: MemoryIdempotency | None = None
    ) -> None:
        entries = (BlacklistEntry(Phone.parse(phone), NOW) for phone in phones)
        self.entries = {entry.phone: entry for entry in entries}
        self.keys = MemoryIdempotency() if keys is None else keys
        self.asked: list[int] = []

    async def add(self, entry: BlacklistEntry, once: Once | None = None) -> bool:
        if not self._first(once):
            return False
        self.entries.setdefault(entry.phone, entry)
        return True

    async def remove(self, phone: Phone, once: Once | None = None) -> bool:
        if not self._first(once):
            return False
        self.entries.pop(phone, None)
        return True

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        return self.entries.get(phone)

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        self.asked.append(len(phones))
        return frozenset(phones) & self.entries.keys()

    def _first(self, once: Once | None) -> bool:
        return once is None or self.keys.write(once.key, None, once.answer)
