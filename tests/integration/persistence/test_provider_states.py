"""The providers' states, as several processes share them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import cycle

import pytest

from adapters.persistence.engines import DatabaseTarget, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.provider_states import SqlProviderStates
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

    async def test_one_process_gets_to_probe(self, fleet: list[SqlProviderStates]) -> None:
        await fleet[0].trip("smscru", 0, "provider_unreachable")
        won = await asyncio.gather(
            *(states.probe("smscru", 60) for states in fleet for _ in range(EACH))
        )
        assert sum(won) == 1
        for states in fleet:
            assert ((await states.read())["smscru"].retry_s or 0) > 30
