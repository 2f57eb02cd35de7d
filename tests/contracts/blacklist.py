"""What every blacklist must do."""

import asyncio
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.repositories import BlacklistRepository
from domain.blacklist import BlacklistEntry
from domain.phone import Phone

SINCE = datetime(2020, 9, 1, 12, 30, 5, tzinfo=UTC)
PHONE = Phone("+77011234567")


class BlacklistContract(ABC):
    """Subclass once per blacklist and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def blacklist(self) -> BlacklistRepository:
        """An empty blacklist."""

    async def test_a_phone_that_was_added_is_listed(self, blacklist: BlacklistRepository) -> None:
        await blacklist.add(BlacklistEntry(PHONE, SINCE))
        assert await blacklist.find(PHONE) == BlacklistEntry(PHONE, SINCE)
        assert await blacklist.listed([PHONE]) == {PHONE}

    async def test_a_phone_that_was_not_added_is_not_listed(
        self, blacklist: BlacklistRepository
    ) -> None:
        assert await blacklist.find(PHONE) is None
        assert await blacklist.listed([PHONE]) == frozenset()

    async def test_nothing_asked_is_nothing_listed(self, blacklist: BlacklistRepository) -> None:
        assert await blacklist.listed([]) == frozenset()

    async def test_a_phone_added_again_keeps_its_date(self, blacklist: BlacklistRepository) -> None:
        await blacklist.add(BlacklistEntry(PHONE, SINCE))
        await blacklist.add(BlacklistEntry(PHONE, SINCE + timedelta(days=1)))
        assert await blacklist.find(PHONE) == BlacklistEntry(PHONE, SINCE)

    async def test_a_phone_added_by_many_at_once_is_there_once(
        self, blacklist: BlacklistRepository
    ) -> None:
        entry = BlacklistEntry(PHONE, SINCE)
        await asyncio.gather(*(blacklist.add(entry) for _ in range(50)))
        assert await blacklist.find(PHONE) == entry
        await blacklist.remove(PHONE)
        assert await blacklist.find(PHONE) is None

    async def test_a_removed_phone_is_free_at_once(self, blacklist: BlacklistRepository) -> None:
        await blacklist.add(BlacklistEntry(PHONE, SINCE))
        await blacklist.remove(PHONE)
        assert await blacklist.find(PHONE) is None
        assert await blacklist.listed([PHONE]) == frozenset()

    async def test_removing_what_is_not_there_is_no_error(
        self, blacklist: BlacklistRepository
    ) -> None:
        await blacklist.remove(PHONE)

    async def test_of_a_thousand_phones_exactly_the_listed_ones_come_back(
        self, blacklist: BlacklistRepository
    ) -> None:
        phones = [Phone(f"+7701{number:07d}") for number in range(1000)]
        added = phones[::7]
        await asyncio.gather(*(blacklist.add(BlacklistEntry(phone, SINCE)) for phone in added))
        assert await blacklist.listed(phones) == frozenset(added)

    async def test_many_askers_at_once_each_get_their_own_answer(
        self, blacklist: BlacklistRepository
    ) -> None:
        phones = [Phone(f"+7701{number:07d}") for number in range(100)]
        await asyncio.gather(*(blacklist.add(BlacklistEntry(p, SINCE)) for p in phones[:50]))
        answers = await asyncio.gather(*(blacklist.listed([phone]) for phone in phones))
        assert answers == [{phone} if phone in phones[:50] else frozenset() for phone in phones]
