"""Somebody's long transaction keeps every dead row: the queue is claimed as ever."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from adapters.persistence.engines import DatabaseTarget
from application.ports.outbox import Outbox
from tests.contracts.outbox.fixtures import a_queued, a_request, settled, wanted
from tests.faults.latency import line
from tests.faults.records import Records
from tests.integration.persistence.database import Database
from tests.postgres import libpq

SENT = 60_000
SAMPLE = 10_000
SLICE = 1_000
CLAIMED = 200
BOUND_S = 2.0
"""What a claim takes is a figure; that it is no matter of seconds is the promise."""
PATIENCE_S = 30.0
DEAD = b"SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'sms_messages'"
SUBMITTED = b"SELECT count(*) FROM sms_messages WHERE status = 'submitted'"

Connection = psycopg.AsyncConnection[tuple[object, ...]]


class TestSnapshot(Database):
    @pytest.fixture
    def target(self, postgres: DatabaseTarget) -> DatabaseTarget:
        return postgres

    @pytest.fixture
    async def elsewhere(self, target: DatabaseTarget) -> AsyncIterator[Connection]:
        """A connection that sees for ever what it saw first."""
        async with await psycopg.AsyncConnection.connect(libpq(target.url)) as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            yield connection
            await connection.rollback()

    async def test_a_snapshot_that_stays_open_does_not_stop_the_queue(
        self, outbox: Outbox, target: DatabaseTarget, elsewhere: Connection
    ) -> None:
        empty, fresh = await claims_of_nothing(outbox), await send(outbox, SAMPLE)
        assert await number(elsewhere, SUBMITTED) == SAMPLE
        await send(outbox, SENT)
        # An attempt is two updates, so each message leaves two rows that are dead.
        dead = await dead_rows(target, at_least=SENT)
        after, empty_after = await send(outbox, SAMPLE), await claims_of_nothing(outbox)
        print(line(f"claim_of_{CLAIMED}_fresh", fresh))  # noqa: T201 - figures
        print(line(f"claim_of_{CLAIMED}_after", after))  # noqa: T201 - figures
        print(line("claim_of_nothing_fresh", empty))  # noqa: T201 - figures
        print(line("claim_of_nothing_after", empty_after))  # noqa: T201 - figures
        print(json.dumps({"snapshot": {"sent": SENT, "n_dead_tup": dead}}))  # noqa: T201 - figures
        assert await number(elsewhere, SUBMITTED) == SAMPLE, "the snapshot was not held"
        assert Records(target).count("submitted") == SENT + 2 * SAMPLE
        assert statistics.median(after + empty_after) < BOUND_S


async def send(outbox: Outbox, count: int) -> list[float]:
    """Accept, claim and settle messages slice by slice; how long each claim took, in seconds."""
    took: list[float] = []
    for start in range(0, count, SLICE):
        request = a_request(SLICE)
        new = [a_queued(request, number) for number in range(start, start + SLICE)]
        await outbox.accept(new, request)
        ids: list[UUID] = []
        for _ in range(SLICE // CLAIMED):
            started = time.perf_counter()
            claim = await outbox.claim(wanted(limit=CLAIMED))
            took.append(time.perf_counter() - started)
            ids += [claimed.message.id for claimed in claim.claimed]
            assert all(
                await asyncio.gather(*(outbox.settle(settled(each)) for each in claim.claimed))
            )
        assert sorted(ids) == sorted(each.message.id for each in new), (
            "claimed twice, or not at all"
        )
    return took


async def claims_of_nothing(outbox: Outbox) -> list[float]:
    """Claim where nothing waits, which looks at all that is dead; seconds for each."""
    took: list[float] = []
    for _ in range(SAMPLE // CLAIMED):
        started = time.perf_counter()
        claim = await outbox.claim(wanted(limit=CLAIMED))
        took.append(time.perf_counter() - started)
        assert not claim.claimed
    return took


async def dead_rows(target: DatabaseTarget, *, at_least: int) -> int:
    """Return how many dead rows the server counts, which it does now and then."""
    deadline = time.monotonic() + PATIENCE_S
    async with await psycopg.AsyncConnection.connect(
        libpq(target.url), autocommit=True
    ) as connection:
        while (dead := await number(connection, DEAD)) < at_least:
            assert time.monotonic() < deadline, f"{dead} dead rows: nothing is tested"
            await asyncio.sleep(0.2)
    return dead


async def number(connection: Connection, query: bytes) -> int:
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]
