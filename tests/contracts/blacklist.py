"""What every blacklist must do."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.blacklist import BlacklistRepository, Once
from application.ports.idempotency import IdempotencyRepository, KeyRecord, StoredAnswer
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.idempotency import IdempotencyKey
from domain.phone import Phone

SINCE = datetime(2020, 9, 1, 12, 30, 5, tzinfo=UTC)
PHONE = Phone("+77011234567")
OVER = datetime(2021, 9, 1, tzinfo=UTC)
SOON = datetime(2120, 9, 1, tzinfo=UTC)
LATER = datetime(2121, 9, 1, tzinfo=UTC)
KEY = IdempotencyKey("backend", "opt-out 5", b"\x05" * 32)
ONCE = Once(KEY, StoredAnswer(200, {"Content-Type": "application/json"}, b'{"status": true}'))


class BlacklistContract(ABC):
    """Subclass once per blacklist and provide the two fixtures."""

    @pytest.fixture
    @abstractmethod
    def blacklist(self) -> BlacklistRepository:
        """An empty blacklist."""

    @pytest.fixture
    @abstractmethod
    def keys(self) -> IdempotencyRepository:
        """The idempotency keys the same blacklist writes."""

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

    async def test_what_is_on_the_list_and_counts_can_be_removed(
        self, blacklist: BlacklistRepository
    ) -> None:
        assert not await blacklist.refuses(PHONE)
        await blacklist.add(BlacklistEntry(PHONE, SINCE, expires_at=OVER))
        assert not await blacklist.refuses(PHONE)
        await blacklist.add(BlacklistEntry(PHONE, SINCE))
        assert await blacklist.refuses(PHONE)
        await blacklist.remove(PHONE)
        assert not await blacklist.refuses(PHONE)

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

    async def test_changes_without_a_key_are_always_made(
        self, blacklist: BlacklistRepository
    ) -> None:
        for _ in range(2):
            assert await blacklist.add(BlacklistEntry(PHONE, SINCE))
        for _ in range(2):
            assert await blacklist.remove(PHONE)

    async def test_a_change_with_a_key_keeps_the_answer(
        self, blacklist: BlacklistRepository, keys: IdempotencyRepository
    ) -> None:
        assert await blacklist.add(BlacklistEntry(PHONE, SINCE), ONCE)
        assert await blacklist.find(PHONE) == BlacklistEntry(PHONE, SINCE)
        expected = KeyRecord(KEY.fingerprint, None, ONCE.answer, running=False)
        assert await keys.find(KEY.account, KEY.key) == expected

    async def test_a_phone_added_with_a_used_key_is_not_added(
        self, blacklist: BlacklistRepository, keys: IdempotencyRepository
    ) -> None:
        assert await blacklist.add(BlacklistEntry(PHONE, SINCE), ONCE)
        await blacklist.remove(PHONE)
        again = replace(ONCE, answer=StoredAnswer(500, {}, b""))
        assert not await blacklist.add(BlacklistEntry(PHONE, SINCE), again)
        assert await blacklist.find(PHONE) is None
        record = await keys.find(KEY.account, KEY.key)
        assert record is not None
        assert record.answer == ONCE.answer

    async def test_a_phone_removed_with_a_used_key_stays(
        self, blacklist: BlacklistRepository
    ) -> None:
        assert await blacklist.remove(PHONE, ONCE)
        await blacklist.add(BlacklistEntry(PHONE, SINCE))
        assert not await blacklist.remove(PHONE, ONCE)
        assert await blacklist.listed([PHONE]) == {PHONE}

    async def test_of_many_changes_with_one_key_exactly_one_is_made(
        self, blacklist: BlacklistRepository
    ) -> None:
        phones = [Phone(f"+7701{number:07d}") for number in range(20)]
        made = await asyncio.gather(
            *(blacklist.add(BlacklistEntry(phone, SINCE), ONCE) for phone in phones)
        )
        assert sum(made) == 1
        listed = await blacklist.listed(phones)
        assert listed == {phone for phone, done in zip(phones, made, strict=True) if done}

    async def test_a_used_key_does_not_spoil_its_neighbours(
        self, blacklist: BlacklistRepository
    ) -> None:
        await blacklist.remove(Phone("+77010000000"), ONCE)
        phones = [Phone(f"+7701{number:07d}") for number in range(6)]
        once = [ONCE if number == 3 else None for number in range(6)]
        made = await asyncio.gather(
            *(
                blacklist.add(BlacklistEntry(phone, SINCE), given)
                for phone, given in zip(phones, once, strict=True)
            )
        )
        assert made == [given is None for given in once]
        assert await blacklist.listed(phones) == {*phones} - {phones[3]}

    async def test_an_entry_says_why_who_and_for_how_long(
        self, blacklist: BlacklistRepository
    ) -> None:
        entry = BlacklistEntry(
            PHONE,
            SINCE,
            reason="қарыз",
            source=BlacklistSource.STOP,
            note="asked on the phone, 'twice'; \\ \"really\"",
            expires_at=SOON,
        )
        await blacklist.add(entry)
        assert await blacklist.find(PHONE) == entry
        assert await blacklist.listed([PHONE]) == {PHONE}

    async def test_an_entry_that_has_expired_is_as_good_as_none(
        self, blacklist: BlacklistRepository
    ) -> None:
        await blacklist.add(BlacklistEntry(PHONE, SINCE, expires_at=OVER))
        other = Phone("+77011234568")
        assert await blacklist.find(PHONE) is None
        assert await blacklist.listed([PHONE]) == frozenset()
        assert await blacklist.listed([PHONE, other]) == frozenset()

    async def test_a_phone_whose_entry_has_expired_is_added_anew(
        self, blacklist: BlacklistRepository
    ) -> None:
        await blacklist.add(BlacklistEntry(PHONE, SINCE, expires_at=OVER))
        again = BlacklistEntry(PHONE, OVER, reason="again", expires_at=SOON)
        await blacklist.add(again)
        assert await blacklist.find(PHONE) == again
        assert await blacklist.listed([PHONE]) == {PHONE}

    @pytest.mark.parametrize("first", [None, SOON, LATER])
    @pytest.mark.parametrize("second", [None, SOON, LATER])
    @pytest.mark.parametrize("together", [False, True])
    async def test_of_two_entries_for_a_phone_the_one_that_stays_longer_is_left(
        self,
        blacklist: BlacklistRepository,
        first: datetime | None,
        second: datetime | None,
        *,
        together: bool,
    ) -> None:
        one = BlacklistEntry(PHONE, SINCE, reason="first", expires_at=first)
        two = BlacklistEntry(
            PHONE, OVER, reason="second", source=BlacklistSource.STOP, expires_at=second
        )
        if together:
            await asyncio.gather(blacklist.add(one), blacklist.add(two))
        else:
            await blacklist.add(one)
            await blacklist.add(two)
        assert await blacklist.find(PHONE) == one.joined(two)
        await blacklist.remove(PHONE)
        assert await blacklist.find(PHONE) is None
