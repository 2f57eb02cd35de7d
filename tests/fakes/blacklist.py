"""A blacklist in a dictionary."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import count, islice

from application.ports.blacklist import ListedEntry, Once
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.phone import Phone
from tests.fakes.idempotency import MemoryIdempotency
from tests.fakes.system import NOW, FixedClock


class MemoryBlacklist:
    """A blacklist, and the list as a whole.

    Attributes:
        entries: those that have expired, too.
        asked: how many phones each call of ``listed`` asked for.
        added: how many entries each call of ``add_all`` brought.
        pauses: how often somebody let the others go first.
    """

    def __init__(
        self,
        phones: Iterable[str] = (),
        *,
        keys: MemoryIdempotency | None = None,
        clock: FixedClock | None = None,
    ) -> None:
        self.entries: dict[Phone, BlacklistEntry] = {}
        self.keys = MemoryIdempotency() if keys is None else keys
        self.asked: list[int] = []
        self.added: list[int] = []
        self.pauses = 0
        self._clock = FixedClock() if clock is None else clock
        self._ids: dict[Phone, int] = {}
        self._numbers = count(1)
        for phone in phones:
            self._put(BlacklistEntry(Phone.parse(phone), NOW))

    async def add(self, entry: BlacklistEntry, once: Once | None = None) -> bool:
        if not self._first(once):
            return False
        self._put(entry)
        return True

    async def remove(self, phone: Phone, once: Once | None = None) -> bool:
        if not self._first(once):
            return False
        self.entries.pop(phone, None)
        return True

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        entry = self.entries.get(phone)
        return entry if entry is not None and entry.counts(self._clock.now()) else None

    async def refuses(self, phone: Phone) -> bool:
        return await self.find(phone) is not None

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        self.asked.append(len(phones))
        return frozenset([phone for phone in phones if await self.find(phone)])

    async def add_all(self, entries: Sequence[BlacklistEntry]) -> int:
        self.added.append(len(entries))
        return sum([self._put(entry) for entry in entries])

    async def pause(self) -> None:
        self.pauses += 1
        await asyncio.sleep(0)

    async def latest(
        self, *, before: int | None, limit: int, source: BlacklistSource | None = None
    ) -> Sequence[ListedEntry]:
        found = reversed(self._listed(source))
        return list(islice((e for e in found if before is None or e.id < before), limit))

    async def starting_with(
        self, digits: str, *, after: str | None, limit: int, source: BlacklistSource | None = None
    ) -> Sequence[ListedEntry]:
        found = sorted(self._listed(source), key=lambda entry: entry.phone)
        ours = (e for e in found if e.phone.startswith(digits) and e.phone > (after or ""))
        return list(islice(ours, limit))

    async def oldest(self, *, after: int, limit: int) -> Sequence[ListedEntry]:
        return [entry for entry in self._listed() if entry.id > after][:limit]

    async def sweep(self, limit: int) -> int:
        now = self._clock.now()
        gone = [phone for phone, entry in self.entries.items() if not entry.counts(now)][:limit]
        for phone in gone:
            del self.entries[phone]
        return len(gone)

    def _put(self, entry: BlacklistEntry) -> bool:
        known = self.entries.get(entry.phone)
        if known is None or not known.counts(self._clock.now()):
            self.entries[entry.phone] = entry
            self._ids[entry.phone] = next(self._numbers)
            return True
        self.entries[entry.phone] = known.joined(entry)
        return False

    def _listed(self, source: BlacklistSource | None = None) -> list[ListedEntry]:
        now = self._clock.now()
        listed = [
            _shown(self._ids[phone], entry)
            for phone, entry in self.entries.items()
            if entry.counts(now) and source in {None, entry.source}
        ]
        return sorted(listed, key=lambda entry: entry.id)

    def _first(self, once: Once | None) -> bool:
        return once is None or self.keys.write(once.key, None, once.answer)


def _shown(number: int, entry: BlacklistEntry) -> ListedEntry:
    return ListedEntry(
        id=number,
        phone=entry.phone.msisdn,
        created_at=entry.created_at,
        reason=entry.reason,
        source=entry.source,
        note=entry.note,
        expires_at=entry.expires_at,
    )
