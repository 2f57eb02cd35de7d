"""How a claim is run: by its index, however much waits; without a write where it takes nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from adapters.persistence import postgres_claims
from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.postgres_claim_statements import ClaimStatements
from adapters.persistence.postgres_connection import Parameters, rows
from application.errors import StorageUnavailableError
from application.ports.outbox import Outbox
from application.ports.provider_states import ProviderStates
from tests.contracts.outbox.fixtures import PROVIDER, doubt_one, queue_one, wanted
from tests.integration.conftest import postgres_target
from tests.integration.persistence.database import Database
from tests.postgres import PostgresServer, libpq

Connection = psycopg.AsyncConnection[tuple[object, ...]]
STATEMENTS = ClaimStatements("public")
TOMORROW = """
INSERT INTO sms_messages (id, request_id, phone, provider, status, segments, encoding, priority,
  attempts, created_at, updated_at, due_at, lookup_at)
SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', '77010000000', 'smscru',
  %(status)s, 1, 'gsm-7', mod(n, 3), 0, now(), now(), due_at, due_at
FROM generate_series(1, %(count)s) AS n, (SELECT now() + interval '1 day' AS due_at) AS tomorrow
"""
CLAIMS = ["messages", "messages_at_rate", "doubts", "doubts_at_rate"]


@pytest.fixture(scope="module")
def lasting_target(postgres_server: PostgresServer) -> DatabaseTarget:
    return postgres_target(postgres_server)


def parameters(state: str = PROVIDER) -> dict[str, object]:
    return {
        "provider": PROVIDER,
        "state": state,
        "limit": 200,
        "lease_s": 60.0,
        "spacing_s": 0.001,
        "horizon_s": 0.2,
        "lanes": [0, 1, 2],
        "probe": False,
        "token": uuid4(),
        "owner": uuid4(),
    }


@pytest.mark.usefixtures("storage")
class TestPostgresClaims(Database):
    @pytest.fixture
    def target(self, lasting_target: DatabaseTarget) -> DatabaseTarget:
        return lasting_target

    @pytest.fixture
    async def connection(self, target: DatabaseTarget) -> AsyncIterator[Connection]:
        """A connection in a transaction; what is done on it is undone."""
        async with await psycopg.AsyncConnection.connect(libpq(target.url)) as connection:
            yield connection
            await connection.rollback()

    async def test_a_hundred_thousand_messages_due_tomorrow_do_not_slow_a_claim(
        self, outbox: Outbox, connection: Connection
    ) -> None:
        await connection.execute(TOMORROW.encode(), {"status": "queued", "count": 100_000})
        await connection.commit()
        await self.claim_nothing_fast(outbox, connection)
        # With statistics the planner knows what it guessed before, and may choose anew.
        await connection.execute(b"ANALYZE sms_messages")
        await connection.commit()
        await self.claim_nothing_fast(outbox, connection)
        await queue_one(outbox)
        assert len((await outbox.claim(wanted())).claimed) == 1

    async def claim_nothing_fast(self, outbox: Outbox, connection: Connection) -> None:
        for statement in ("messages", "messages_at_rate", "outlook"):
            plan = await self.plan(connection, statement)
            assert "ix_sms_messages_queued" in plan
            assert "Seq Scan on sms_messages" not in plan
        for want in (wanted(), replace(wanted(), spacing_s=0.001)):
            took = []
            for _ in range(20):
                started = time.perf_counter()
                claim = await outbox.claim(want)
                took.append(time.perf_counter() - started)
                assert not claim.claimed
                assert claim.wait_s is not None
                assert 80_000 < claim.wait_s <= 86_400
            assert min(took) < 0.05

    async def test_doubts_are_found_by_their_index(self, connection: Connection) -> None:
        await connection.execute(TOMORROW.encode(), {"status": "unknown", "count": 20_000})
        for statement in ("doubts", "doubts_at_rate"):
            plan = await self.plan(connection, statement)
            assert "ix_sms_messages_doubtful" in plan
            assert "Seq Scan on sms_messages" not in plan

    @pytest.mark.parametrize("statement", CLAIMS)
    async def test_a_claim_that_takes_nothing_writes_nothing(
        self,
        outbox: Outbox,
        connection: Connection,
        statement: str,
    ) -> None:
        await outbox.claim(wanted())
        await outbox.claim_doubts(wanted())
        state = f"{PROVIDER}:lookup" if "doubts" in statement else PROVIDER
        assert not await self.has_written(connection, statement, state)
        await queue_one(outbox)
        await doubt_one(outbox)
        assert await self.has_written(connection, statement, state)

    @pytest.mark.parametrize("statement", ["messages", "messages_at_rate"])
    async def test_a_claim_while_nothing_may_go_writes_nothing(
        self,
        outbox: Outbox,
        states: ProviderStates,
        connection: Connection,
        statement: str,
    ) -> None:
        await queue_one(outbox)
        await states.pause(PROVIDER, 0.2)
        assert not await self.has_written(connection, statement, PROVIDER)
        await asyncio.sleep(0.3)
        await states.trip(PROVIDER, 0, "provider_unreachable")
        assert not await self.has_written(connection, statement, PROVIDER)
        await states.restore(PROVIDER)
        assert await self.has_written(connection, statement, PROVIDER)

    async def has_written(
        self,
        connection: Connection,
        statement: str,
        state: str,
    ) -> bool:
        """Claim, undo it, and tell whether the server had to number the transaction."""
        await connection.execute(getattr(STATEMENTS, statement).encode(), parameters(state))
        cursor = await connection.execute(b"SELECT pg_current_xact_id_if_assigned()::text")
        row = await cursor.fetchone()
        await connection.rollback()
        return row is not None and row[0] is not None

    async def plan(self, connection: Connection, statement: str) -> str:
        text = f"EXPLAIN {getattr(STATEMENTS, statement)}"
        cursor = await connection.execute(text.encode(), parameters())
        return "\n".join(str(line) for (line,) in await cursor.fetchall())

    @pytest.mark.parametrize("spacing_s", [0.0, 0.001])
    async def test_a_claim_whose_answer_is_lost_is_undone_before_the_next_one(
        self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, spacing_s: float
    ) -> None:
        new = await queue_one(outbox)

        def lost(connection: sa.Connection, statement: str, values: Parameters) -> list[Any]:
            rows(connection, statement, values)
            monkeypatch.setattr(postgres_claims, "rows", rows)
            raise OSError

        monkeypatch.setattr(postgres_claims, "rows", lost)
        with pytest.raises(StorageUnavailableError):
            await outbox.claim(replace(wanted(), spacing_s=spacing_s))
        (claimed,) = (await outbox.claim(replace(wanted(), spacing_s=spacing_s))).claimed
        assert (claimed.message.id, claimed.message.attempts) == (new.message.id, 1)
