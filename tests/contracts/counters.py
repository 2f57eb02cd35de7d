"""What every set of counts must do."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.counters import Count, Counters
from domain.message import MessageStatus

AT = datetime(2026, 11, 23, 6, 35, tzinfo=UTC)
HOUR = AT.replace(minute=0)
SLOT = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
_S = MessageStatus
Store = Callable[..., Awaitable[None]]
"""Stores a message accepted at a time; its provider, status, and how long it took to arrive."""


class CountersContract(ABC):
    """Subclass once per set and provide the fixtures."""

    @pytest.fixture
    @abstractmethod
    def counters(self) -> Counters:
        """An empty set."""

    @pytest.fixture
    @abstractmethod
    def store(self, counters: Counters) -> Store:
        """What stores the messages that are counted."""

    async def test_nothing_is_counted_where_there_is_nothing(self, counters: Counters) -> None:
        await counters.recount(AT, AT + SLOT)
        assert list(await counters.read(AT, by_hour=False)) == []

    async def test_messages_are_counted_by_when_they_were_accepted_and_how_they_stand(
        self, counters: Counters, store: Store
    ) -> None:
        await store(AT)
        await store(AT + 299 * SECOND, wait=1.5 * SECOND)
        await store(AT + SECOND, status=_S.FAILED, provider="twilio")
        await store(AT - SECOND)
        await store(AT + SLOT)
        await counters.recount(AT, AT + SLOT)
        found = await counters.read(AT, by_hour=False)
        assert sorted(found, key=lambda count: (count.provider, count.wait_s)) == [
            Count(at=AT, provider="smscru", status=_S.DELIVERED, wait_s=1, number=1),
            Count(at=AT, provider="smscru", status=_S.DELIVERED, wait_s=2, number=1),
            Count(at=AT, provider="twilio", status=_S.FAILED, wait_s=0, number=1),
        ]

    async def test_what_is_counted_again_takes_the_place_of_what_was(
        self, counters: Counters, store: Store
    ) -> None:
        await store(AT, status=_S.SUBMITTED)
        for _ in range(2):
            await counters.recount(AT, AT + SLOT)
        (count,) = await counters.read(AT, by_hour=False)
        assert (count.status, count.number) == (_S.SUBMITTED, 1)

    async def test_what_has_changed_is_no_longer_counted_as_it_was(
        self, counters: Counters, store: Store
    ) -> None:
        await store(AT, status=_S.SUBMITTED, name=1)
        await counters.recount(AT, AT + SLOT)
        await store(AT, status=_S.DELIVERED, name=1)
        await counters.recount(AT, AT + SLOT)
        (count,) = await counters.read(AT, by_hour=False)
        assert (count.status, count.number) == (_S.DELIVERED, 1)

    async def test_the_counts_of_an_hour_are_added_up(
        self, counters: Counters, store: Store
    ) -> None:
        for slot in (AT, AT + SLOT):
            await store(slot)
            await counters.recount(slot, slot + SLOT)
        found = await counters.read(HOUR, by_hour=True)
        assert [(count.at, count.number) for count in found] == [(HOUR, 2)]

    async def test_only_what_is_late_enough_is_read_and_the_oldest_comes_first(
        self, counters: Counters, store: Store
    ) -> None:
        for slot in (AT + SLOT, AT, AT - SLOT):
            await store(slot)
            await counters.recount(slot, slot + SLOT)
        assert [count.at for count in await counters.read(AT, by_hour=False)] == [AT, AT + SLOT]

    async def test_what_is_forgotten_is_gone_and_nothing_else(
        self, counters: Counters, store: Store
    ) -> None:
        for slot in (AT, AT + SLOT):
            await store(slot)
            await counters.recount(slot, slot + SLOT)
        await counters.forget(AT + SLOT)
        assert [count.at for count in await counters.read(AT, by_hour=False)] == [AT + SLOT]

    @pytest.mark.parametrize(
        ("seconds", "told"),
        [(-1, 1), (0, 1), (1, 1), (1.1, 2), (59, 60), (61, 120), (10**6, 86_400)],
    )
    async def test_how_long_a_message_took_is_told_in_steps(
        self, counters: Counters, store: Store, seconds: float, told: int
    ) -> None:
        await store(AT, wait=seconds * SECOND)
        await counters.recount(AT, AT + SLOT)
        (count,) = await counters.read(AT, by_hour=False)
        assert count.wait_s == told
