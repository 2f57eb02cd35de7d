"""The fakes keep the contracts of what they stand in for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given

from adapters.clock import SystemClock
from application.errors import StorageUnavailableError
from application.ports.outbox import Outbox
from domain.idempotency import IdempotencyKey
from tests.contracts.blacklist import BlacklistContract
from tests.contracts.blacklist_entries import BlacklistEntriesContract
from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.inbound import InboundContract
from tests.contracts.opt_outs import OptOutsContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.outbox.machine import run_machine
from tests.contracts.outbox.model import Stores
from tests.contracts.outbox.rates import Paced, Step, keep_the_rate, schedules
from tests.contracts.provider_states import ProviderStatesContract
from tests.fakes import (
    CountingIds,
    FixedClock,
    MemoryBlacklist,
    MemoryIdempotency,
    MemoryInboundLog,
    MemoryMessages,
    MemoryOptOuts,
    MemoryOutbox,
    MemoryProviderStates,
)
from tests.unit.application.memory import InMemory


class TestMemoryOutbox(InMemory, OutboxContract):
    pass


@asynccontextmanager
async def opened() -> AsyncIterator[Stores]:
    clock = FixedClock(SystemClock().now())
    outbox = MemoryOutbox(clock=clock)
    yield Stores(outbox, outbox.another(), MemoryMessages(outbox), clock)


def test_whatever_is_done_to_an_outbox_it_is_what_its_model_says() -> None:
    run_machine(opened, examples=60, steps=60)


@given(schedule=schedules)
async def test_slots_never_exceed_the_rate_in_any_window(schedule: list[Step]) -> None:
    clock = FixedClock(SystemClock().now())
    outbox = MemoryOutbox(clock=clock)
    await keep_the_rate(Paced(outbox, outbox.another(), outbox.states, clock), schedule)


class TestMemoryProviderStates(ProviderStatesContract):
    @pytest.fixture
    def states(self) -> MemoryProviderStates:
        return MemoryProviderStates(SystemClock())


class TestMemoryIdempotency(IdempotencyContract):
    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.fixture
    def keys(self, clock: FixedClock) -> MemoryIdempotency:
        return MemoryIdempotency(clock)

    @pytest.fixture
    def outbox(self, keys: MemoryIdempotency) -> MemoryOutbox:
        return MemoryOutbox(keys=keys)

    @pytest.fixture
    def orphan(self, clock: FixedClock) -> Callable[[], Awaitable[None]]:
        async def pass_a_minute() -> None:
            clock.advance(60)

        return pass_a_minute

    async def test_a_key_that_is_kept_now_and_then_runs_on(
        self, keys: MemoryIdempotency, outbox: Outbox, clock: FixedClock
    ) -> None:
        key = IdempotencyKey("backend", "order 17", b"")
        await outbox.accept([], None, key)
        for _ in range(5):
            clock.advance(50)
            record = await keys.find(key.account, key.key)
            assert record is not None
            assert record.running
            await keys.keep([key])


class TestMemoryBlacklist(BlacklistContract):
    @pytest.fixture
    def keys(self) -> MemoryIdempotency:
        return MemoryIdempotency()

    @pytest.fixture
    def blacklist(self, keys: MemoryIdempotency) -> MemoryBlacklist:
        return MemoryBlacklist(keys=keys)


class TestMemoryBlacklistEntries(BlacklistEntriesContract):
    @pytest.fixture
    def blacklist(self) -> MemoryBlacklist:
        return MemoryBlacklist()

    @pytest.fixture
    def entries(self, blacklist: MemoryBlacklist) -> MemoryBlacklist:
        return blacklist


class TestMemoryOptOuts(OptOutsContract):
    @pytest.fixture
    def opt_outs(self) -> MemoryOptOuts:
        return MemoryOptOuts()


class TestMemoryInboundLog(InboundContract):
    @pytest.fixture
    def blacklist(self) -> MemoryBlacklist:
        return MemoryBlacklist()

    @pytest.fixture
    def opt_outs(self) -> MemoryOptOuts:
        return MemoryOptOuts()

    @pytest.fixture
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(clock=SystemClock())

    @pytest.fixture
    def inbound(
        self, blacklist: MemoryBlacklist, opt_outs: MemoryOptOuts, outbox: MemoryOutbox
    ) -> MemoryInboundLog:
        return MemoryInboundLog(blacklist, opt_outs, outbox)

    @pytest.fixture
    def told(self, inbound: MemoryInboundLog) -> Callable[[], Awaitable[Sequence[UUID]]]:
        async def told() -> Sequence[UUID]:
            return [message.id for message in inbound.told]

        return told


async def test_a_database_that_is_away_fails_every_fake() -> None:
    outbox = MemoryOutbox(away=True)
    outbox.states.away = outbox.keys.away = True
    for call in (
        outbox.accept([]),
        outbox.release([]),
        outbox.sweep(),
        outbox.states.read(),
        outbox.keys.find("backend", "order 17"),
    ):
        with pytest.raises(StorageUnavailableError):
            await call


def test_ids_only_ever_grow() -> None:
    ids = CountingIds()
    assert all(before < after for before, after in pairwise(ids.new() for _ in range(5)))
