"""Wake-ups between processes: they arrive, they come back after a cut, and they hold nothing up."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from adapters.persistence.bell import Bell
from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.postgres_bell import PostgresBell
from tests.integration.conftest import postgres_target
from tests.integration.persistence.test_pgbouncer import POOLER, pooled
from tests.postgres import PostgresServer, libpq

__all__ = ["pooled"]
PATIENCE_S = 30
END_THE_OTHERS = b"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ %s
"""


class HeardBell(Bell):
    """A bell that remembers what it was rung for."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def ring(self, provider: str) -> None:
        self.heard.append(provider)
        super().ring(provider)


@asynccontextmanager
async def a_process(target: DatabaseTarget) -> AsyncIterator[tuple[PostgresBell, HeardBell]]:
    inner = HeardBell()
    bell = PostgresBell(target, inner)
    await bell.open()
    yield bell, inner
    await bell.close()


async def until_heard(ringer: PostgresBell, listener: HeardBell, provider: str) -> None:
    """Ring until it is heard: nobody says when a connection is up."""
    async with asyncio.timeout(PATIENCE_S):
        while provider not in listener.heard:
            ringer.ring(provider)
            await asyncio.sleep(0.02)


async def end(target: DatabaseTarget, query: str) -> int:
    """End the connections whose last statement looks so; return how many there were."""
    async with await psycopg.AsyncConnection.connect(libpq(target.url)) as connection:
        return len(await (await connection.execute(END_THE_OTHERS, [query])).fetchall())


@pytest.fixture
def target(postgres_server: PostgresServer) -> DatabaseTarget:
    return postgres_target(postgres_server)


async def test_a_ring_in_one_process_wakes_a_waiter_in_another(target: DatabaseTarget) -> None:
    async with a_process(target) as (one, _), a_process(target) as (another, heard):
        await until_heard(one, heard, "twilio")
        await another.wait("twilio", PATIENCE_S)
        waiting = asyncio.create_task(another.wait("smscru", 10 * PATIENCE_S))
        await asyncio.sleep(0)
        one.ring("smscru")
        await asyncio.wait_for(waiting, PATIENCE_S)
        assert heard.heard[-1] == "smscru"


async def test_a_ring_wakes_its_own_process_at_once_and_only_once(target: DatabaseTarget) -> None:
    async with a_process(target) as (one, own), a_process(target) as (_, heard):
        await until_heard(one, heard, "twilio")
        rings = len(own.heard)
        one.ring("smscru")
        assert own.heard[rings:] == ["smscru"]
        await one.wait("smscru", PATIENCE_S)
        await until_heard(one, heard, "mobizonkz")
        assert own.heard.count("smscru") == 1


async def test_many_rings_in_a_row_are_few_notifications(target: DatabaseTarget) -> None:
    async with a_process(target) as (one, _), a_process(target) as (_, heard):
        await until_heard(one, heard, "twilio")
        for _ in range(1000):
            one.ring("smscru")
        await until_heard(one, heard, "mobizonkz")
        assert heard.heard.count("smscru") == 1


async def test_schemas_of_one_database_do_not_hear_one_another(target: DatabaseTarget) -> None:
    elsewhere = replace(target, schema="elsewhere")
    async with (
        a_process(target) as (one, _),
        a_process(target) as (_, heard),
        a_process(elsewhere) as (stranger, strange),
        a_process(elsewhere) as (_, heard_there),
    ):
        await until_heard(one, heard, "smscru")
        await until_heard(stranger, heard_there, "twilio")
        assert "smscru" not in strange.heard + heard_there.heard
        assert "twilio" not in heard.heard


@pytest.mark.parametrize("query", ["LISTEN", "pg_notify"])
async def test_a_connection_that_is_ended_comes_back(
    target: DatabaseTarget, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_process(target) as (one, _), a_process(target) as (another, heard):
        await until_heard(one, heard, "twilio")
        await until_heard(another, heard, "twilio")
        with caplog.at_level(logging.WARNING):
            assert await end(target, f"^(SELECT )?{query}") > 0
            await until_heard(one, heard, "smscru")
            one.ring("mobizonkz")
            await until_heard(one, heard, "mobizonkz")
        told = {record.getMessage() for record in caplog.records}
        assert told
        for line in told:
            assert re.fullmatch(r"not (listening|notifying), trying again: \w+", line)


async def test_ringing_works_while_the_database_is_away(target: DatabaseTarget) -> None:
    nowhere = replace(target, url=target.url.set(port=1))
    async with a_process(nowhere) as (bell, heard):
        await asyncio.sleep(0.05)
        bell.ring("smscru")
        await asyncio.wait_for(bell.wait("smscru", 10 * PATIENCE_S), PATIENCE_S)
        assert heard.heard == ["smscru"]


async def test_behind_pgbouncer_nobody_listens_and_a_wait_ends_by_itself(
    pooled: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    direct = postgres_target(pooled)
    target = replace(direct, url=direct.url.set(host=POOLER))
    with caplog.at_level(logging.INFO):
        async with a_process(target) as (bell, heard), a_process(direct) as (_, direct_heard):
            await until_heard(bell, direct_heard, "twilio")
            await bell.wait("smscru", 0.05)
            assert "smscru" not in heard.heard
            bell.ring("smscru")
            await asyncio.wait_for(bell.wait("smscru", 10 * PATIENCE_S), PATIENCE_S)
    assert caplog.messages == ["not listening: PgBouncer passes no notifications on"]
