"""What every blacklist must do as a list."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.blacklist import BlacklistEntries, BlacklistRepository, ListedEntry
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.phone import Phone

SINCE = datetime(2020, 9, 1, 12, 30, 5, tzinfo=UTC)
OVER = datetime(2021, 9, 1, tzinfo=UTC)
SOON = datetime(2120, 9, 1, tzinfo=UTC)
STOP = BlacklistSource.STOP


def entry(number: int, **more: object) -> BlacklistEntry:
    return BlacklistEntry(Phone(f"+7701{number:07d}"), SINCE, **more)  # type: ignore[arg-type]


def numbers(found: Sequence[ListedEntry]) -> list[int]:
    return [int(one.phone[4:]) for one in found]


class BlacklistEntriesContract(ABC):
    """Subclass once per blacklist and provide the two fixtures."""

    @pytest.fixture
    @abstractmethod
    def blacklist(self) -> BlacklistRepository:
        """An empty blacklist."""

    @pytest.fixture
    @abstractmethod
    def entries(self, blacklist: BlacklistRepository) -> BlacklistEntries:
        """The same blacklist, as a list."""

    @pytest.fixture
    async def filled(self, entries: BlacklistEntries) -> BlacklistEntries:
        """With ten entries, of which the even ones are opt-outs."""
        for number in range(10):
            source = BlacklistSource.API if number % 2 else STOP
            await entries.add_all([entry(number, source=source)])
        return entries

    async def test_a_list_that_is_empty_has_no_entries(self, entries: BlacklistEntries) -> None:
        assert await entries.add_all([]) == 0
        assert await entries.latest(before=None, limit=10) == []
        assert await entries.starting_with("7", after=None, limit=10) == []
        assert await entries.oldest(after=0, limit=10) == []
        assert await entries.sweep(10) == 0

    async def test_added_phones_are_counted_once_and_listed(
        self, entries: BlacklistEntries, blacklist: BlacklistRepository
    ) -> None:
        given = [entry(number) for number in range(1000)]
        assert await entries.add_all(given[::2]) == 500
        assert await entries.add_all([*given, *given[:3]][:1000]) == 500
        phones = [one.phone for one in given]
        assert await blacklist.listed(phones) == frozenset(phones)

    async def test_an_entry_is_shown_as_it_was_added(self, entries: BlacklistEntries) -> None:
        whole = entry(7, reason="сам попросил", source=STOP, note='a "b", c', expires_at=SOON)
        await entries.add_all([whole])
        (shown,) = await entries.latest(before=None, limit=10)
        fields = asdict(shown)
        fields.pop("id")
        assert fields == {**asdict(whole), "phone": whole.phone.msisdn}

    async def test_a_phone_that_is_there_stays_as_it_is_unless_it_stays_longer_now(
        self, entries: BlacklistEntries, blacklist: BlacklistRepository
    ) -> None:
        first = [entry(1, reason="a"), entry(2, reason="a", expires_at=SOON)]
        second = [entry(1, reason="b"), entry(2, reason="b")]
        assert await entries.add_all(first) == 2
        assert await entries.add_all(second) == 0
        assert await blacklist.find(first[0].phone) == first[0]
        assert await blacklist.find(first[1].phone) == second[1]

    async def test_a_phone_that_is_named_twice_at_once_is_added_once(
        self, entries: BlacklistEntries, blacklist: BlacklistRepository
    ) -> None:
        short, long = entry(1, expires_at=SOON), entry(1, reason="for good")
        assert await entries.add_all([short, long, short]) == 1
        assert await blacklist.find(long.phone) == long

    async def test_what_has_expired_is_added_as_if_it_were_not_there(
        self, entries: BlacklistEntries
    ) -> None:
        await entries.add_all([entry(1, expires_at=OVER)])
        assert await entries.add_all([entry(1)]) == 1

    async def test_pages_have_every_entry_once_the_latest_first(
        self, filled: BlacklistEntries
    ) -> None:
        seen: list[ListedEntry] = []
        while page := await filled.latest(before=seen[-1].id if seen else None, limit=3):
            assert len(page) <= 3
            seen += page
        assert numbers(seen) == list(range(9, -1, -1))

    async def test_a_page_has_entries_of_one_source_where_that_is_asked(
        self, filled: BlacklistEntries
    ) -> None:
        found = await filled.latest(before=None, limit=3, source=STOP)
        assert numbers(found) == [8, 6, 4]
        found = await filled.latest(before=found[-1].id, limit=3, source=STOP)
        assert numbers(found) == [2, 0]
        found = await filled.starting_with("7701", after=None, limit=9, source=STOP)
        assert numbers(found) == [0, 2, 4, 6, 8]

    async def test_phones_are_found_by_how_they_start_in_their_order(
        self, filled: BlacklistEntries
    ) -> None:
        await filled.add_all([entry(9999), BlacklistEntry(Phone("+77029999999"), SINCE)])
        seen: list[ListedEntry] = []
        while page := await filled.starting_with(
            "77010000", after=seen[-1].phone if seen else None, limit=4
        ):
            assert len(page) <= 4
            seen += page
        assert numbers(seen) == list(range(10))
        assert numbers(await filled.starting_with("7701", after=None, limit=99))[-1] == 9999
        assert numbers(await filled.starting_with("77010009999", after=None, limit=9)) == [9999]
        assert await filled.starting_with("78", after=None, limit=9) == []

    async def test_pages_of_everything_have_the_oldest_first(
        self, filled: BlacklistEntries
    ) -> None:
        seen: list[ListedEntry] = []
        while page := await filled.oldest(after=seen[-1].id if seen else 0, limit=4):
            seen += page
        assert numbers(seen) == list(range(10))

    async def test_what_has_expired_is_nowhere(self, entries: BlacklistEntries) -> None:
        await entries.add_all([entry(1, expires_at=OVER), entry(2, expires_at=SOON)])
        assert numbers(await entries.latest(before=None, limit=9)) == [2]
        assert numbers(await entries.starting_with("7", after=None, limit=9)) == [2]
        assert numbers(await entries.oldest(after=0, limit=9)) == [2]

    async def test_what_has_expired_is_swept_and_nothing_else(
        self, entries: BlacklistEntries
    ) -> None:
        await entries.add_all([entry(n, expires_at=OVER + timedelta(n)) for n in range(5)])
        await entries.add_all([entry(5), entry(6, expires_at=SOON)])
        assert await entries.sweep(3) == 3
        assert await entries.sweep(3) == 2
        assert await entries.sweep(3) == 0
        assert numbers(await entries.oldest(after=0, limit=9)) == [5, 6]
