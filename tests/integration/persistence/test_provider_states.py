"""The providers' states, as several processes share them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import cycle

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.provider_states import SqlProviderStates
from adapters.persistence.slots import LONGEST_AWAY_S
from adapters.persistence.tables import provider_states
from application.ports.outbox import Outbox
from application.ports.provider_states import ProviderStates
from tests.contracts.outbox.fixtures import HOUR, claim_one, queue_one, wanted
from tests.integration.persistence.database import Database, Process

PROVIDERS = ("smscru", "twilio", "mobizonkz", "epochtasmsru")
SPACING_S = 30.0
EACH = 10


class TestManyProcesses(Database):
    @pytest.fixture
    async def fleet(
        self, process: Process, target: DatabaseTarget
    ) -> AsyncIterator[list[SqlProviderStates]]:
        """Two processes where there may be two."""
        async with AsyncExitStack() as stack:
            fleet = []
            for _ in range(1 if target.schema is None else 2):
                engines = open_engines(target)
                commits = GroupCommit(engines.writer)
                stack.push_async_callback(engines.reader.dispose)
                stack.push_async_callback(commits.close)
                fleet.append(SqlProviderStates(commits, engines.reader, process.clock))
            yield fleet

    async def test_slots_are_never_given_twice_nor_does_anybody_wait_for_ever(
        self, fleet: list[SqlProviderStates]
    ) -> None:
        orders = (PROVIDERS, PROVIDERS[::-1])

        async def reserve(states: SqlProviderStates, provider: str) -> tuple[str, float]:
            slot = await states.reserve(
                provider, cost=1, spacing_s=SPACING_S, patience_s=100 * SPACING_S
            )
            assert slot is not None
            return provider, slot

        async with asyncio.timeout(60):
            taken = await asyncio.gather(
                *(
                    reserve(states, provider)
                    for _ in range(EACH)
                    for states, order in zip(fleet, cycle(orders), strict=False)
                    for provider in order
                )
            )
        for provider in PROVIDERS:
            slots = sorted(round(slot / SPACING_S) for name, slot in taken if name == provider)
            assert slots == list(range(EACH * len(fleet)))

    async def test_what_was_decided_before_the_clock_was_set_back_shuts_no_provider(
        self, process: Process, outbox: Outbox, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 60, "provider_unreachable")
        await states.pause("smscru", 60)
        ahead = process.clock.now() + 3 * HOUR
        later = sa.update(provider_states).values(paused_until=ahead, retry_at=ahead)
        await process.engines.writer.run(lambda connection: connection.execute(later))
        state = (await states.read())["smscru"]
        assert (state.paused_s, state.retry_s) == (0, 0)
        assert await states.reserve("smscru", cost=1, spacing_s=0, patience_s=0) == 0
        await queue_one(outbox)
        wait_s = (await outbox.claim(wanted())).wait_s
        assert wait_s is not None
        assert wait_s < 1
        assert await states.probe("smscru", 60)
        assert len((await outbox.claim(replace(wanted(), probe=True))).claimed) == 1
        await states.restore("smscru")
        await queue_one(outbox)
        await claim_one(outbox)
        await states.pause("smscru", 60)
        assert 30 < (await states.read())["smscru"].paused_s <= 60

    async def test_nobody_stays_away_from_a_provider_for_days(self, states: ProviderStates) -> None:
        await states.pause("smscru", 200_000)
        assert 3600 < (await states.read())["smscru"].paused_s <= LONGEST_AWAY_S

    async def test_one_process_gets_to_probe(self, fleet: list[SqlProviderStates]) -> None:
        await fleet[0].trip("smscru", 0, "provider_unreachable")
        won = await asyncio.gather(
            *(states.probe("smscru", 60) for states in fleet for _ in range(EACH))
        )
        assert sum(won) == 1
        for states in fleet:
            assert ((await states.read())["smscru"].retry_s or 0) > 30
