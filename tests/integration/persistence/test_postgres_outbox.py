"""What PostgreSQL's outbox does beyond the contract: under load, under locks, without a server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from adapters.persistence import transactions
from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.group_commit import MAX_BATCH
from adapters.persistence.postgres_connection import Autocommit, RefusedError
from adapters.persistence.transactions import Work
from application.errors import StorageUnavailableError
from application.ports.outbox import NewMessage, Outbox
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Failure, MessageStatus
from domain.outcome import Rejected, RejectReason
from tests.contracts.outbox import a_queued, a_request, a_sending, settled
from tests.contracts.outbox.fixtures import HOUR, claim_one, found, names, now, queue_one, wanted
from tests.integration.conftest import postgres_target
from tests.integration.persistence.database import Database, Process
from tests.postgres import PostgresServer, libpq

SCHEMA = 'My-"Schema%'
END_OUR_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def lasting_target(postgres_server: PostgresServer) -> DatabaseTarget:
    """A database all tests share, emptied before each."""
    return replace(postgres_target(postgres_server), schema=SCHEMA)


@asynccontextmanager
async def locking(target: DatabaseTarget, table: str, mode: str) -> AsyncIterator[None]:
    """Hold a lock for as long as the block lasts: ``ROWS`` or a mode of ``LOCK TABLE``."""
    what = sql.SQL("SELECT FROM {} FOR UPDATE" if mode == "ROWS" else f"LOCK TABLE {{}} IN {mode}")
    async with await psycopg.AsyncConnection.connect(libpq(target.url)) as connection:
        await connection.execute(what.format(sql.Identifier(SCHEMA, table)))
        yield


async def run_alone(target: DatabaseTarget, statement: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(libpq(target.url)) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall()


def lose_answers(
    monkeypatch: pytest.MonkeyPatch, *, times: int = 1, written: bool = True
) -> list[None]:
    """Have the next answers of the database not arrive; what is left are those to be lost."""
    left: list[None] = [None] * times
    run = Autocommit.run

    async def lost(connection: Autocommit, work: Work[Any]) -> Any:  # noqa: ANN401 - the work's own
        if not left:
            return await run(connection, work)
        left.pop()
        if written:
            await run(connection, work)
        raise StorageUnavailableError("database: lost")

    monkeypatch.setattr(Autocommit, "run", lost)
    return left


def with_a_line(new: NewMessage) -> NewMessage:
    """Give a message a history."""
    event = Event(at=new.message.created_at, name=EventName.ROUTED, provider="smscru")
    return replace(new, events=(event,))


@pytest.mark.usefixtures("storage")
class TestPostgresOutbox(Database):
    @pytest.fixture
    def target(self, lasting_target: DatabaseTarget) -> DatabaseTarget:
        return lasting_target

    @pytest.fixture
    def statements(self) -> Iterator[list[str]]:
        """Every statement that is run."""
        lines: list[str] = []

        def count(*arguments: object) -> None:
            lines.append(str(arguments[2]))

        sa.event.listen(sa.Engine, "before_cursor_execute", count)
        yield lines
        sa.event.remove(sa.Engine, "before_cursor_execute", count)

    async def test_concurrent_callers_share_a_statement(
        self, outbox: Outbox, statements: list[str]
    ) -> None:
        request = a_request(200)
        news = [a_sending(request, number) for number in range(200)]
        await outbox.accept([], request)
        statements.clear()
        await asyncio.gather(*(outbox.accept([new]) for new in news))
        assert len(statements) < 10
        statements.clear()
        assert all(await asyncio.gather(*(outbox.settle(settled(new)) for new in news)))
        assert len(statements) < 10

    async def test_one_settled_twice_at_once_is_written_once(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        settlement = settled(new)
        assert all(await asyncio.gather(outbox.settle(settlement), outbox.settle(settlement)))
        assert len((await found(reader, new.message.id)).history) == 2

    async def test_processes_that_use_the_same_keys_do_not_wait_for_one_another_for_ever(
        self, outbox: Outbox, other: Outbox
    ) -> None:
        async def use(process: Outbox, key: IdempotencyKey) -> bool:
            request = a_request()
            return await process.accept([a_queued(request)], request, key)

        for turn in range(5):
            keys = [IdempotencyKey("caller", f"{turn}-{n}", b"\x00\xff") for n in range(MAX_BATCH)]
            one = [use(outbox, key) for key in keys]
            another = [use(other, key) for key in reversed(keys)]
            assert sum(await asyncio.gather(*one, *another)) == len(keys)

    async def test_a_key_without_its_request_is_a_defect(self, outbox: Outbox) -> None:
        with pytest.raises(ValueError, match="its request"):
            await outbox.accept([], None, IdempotencyKey("caller", "key", b""))

    async def test_what_no_column_takes_does_not_undo_a_settlement(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        refusal = Rejected(
            reason=RejectReason.OTHER, provider_code="7" * 100, text="no\x00 such \ud800 subscriber"
        )
        assert await outbox.settle(settled(new, refusal))
        stored = await found(reader, new.message.id)
        assert stored.message.failure == Failure("refused", "no such ? subscriber", "7" * 64)

    async def test_a_refused_statement_is_told_without_its_values(self, outbox: Outbox) -> None:
        new = await queue_one(outbox)
        with pytest.raises(RefusedError) as caught:
            await outbox.accept([new])
        assert str(caught.value) == "database: UniqueViolation"
        assert caught.value.__cause__ is None

    async def test_a_process_whose_clock_is_ahead_does_not_hold_its_messages_up(
        self, outbox: Outbox
    ) -> None:
        request = replace(a_request(), created_at=now() + HOUR)
        await outbox.accept([a_queued(request)], request)
        assert (await claim_one(outbox)).message.created_at == request.created_at

    async def test_a_message_that_is_too_late_is_not_claimed(self, outbox: Outbox) -> None:
        request = a_request()
        await outbox.accept([a_queued(request, expires_at=now())], request)
        claim = await outbox.claim(wanted())
        assert (len(claim.claimed), claim.wait_s) == (0, None)

    async def test_slots_taken_before_the_clock_was_set_back_count_for_nothing(
        self, outbox: Outbox, target: DatabaseTarget
    ) -> None:
        paced = replace(wanted(), spacing_s=1.0)
        await queue_one(outbox)
        assert len((await outbox.claim(paced)).claimed) == 1
        await run_alone(
            target,
            'UPDATE "My-""Schema%".sms_provider_states '
            "SET tat = clock_timestamp() + interval '1 hour' RETURNING 1",
        )
        await queue_one(outbox)
        (claimed,) = (await outbox.claim(paced)).claimed
        assert claimed.start_in_s < 1

    async def test_a_providers_row_that_was_deleted_is_made_again(
        self, outbox: Outbox, target: DatabaseTarget
    ) -> None:
        await queue_one(outbox)
        assert len((await outbox.claim(wanted(limit=1))).claimed) == 1
        await run_alone(target, 'DELETE FROM "My-""Schema%".sms_provider_states RETURNING 1')
        await queue_one(outbox)
        claim = await outbox.claim(wanted())
        assert (len(claim.claimed), claim.wait_s) == (0, 0)
        await claim_one(outbox)

    async def test_rows_in_somebody_elses_hands_are_passed_over(
        self, outbox: Outbox, target: DatabaseTarget
    ) -> None:
        await queue_one(outbox)
        async with locking(target, "sms_messages", "ROWS"):
            claim = await outbox.claim(wanted())
            assert not claim.claimed
            assert claim.wait_s is not None
            assert 0 < claim.wait_s < 1
            assert (await outbox.sweep()).expired == 0
        assert len((await outbox.claim(wanted())).claimed) == 1

    async def test_a_claim_nobody_waits_for_any_more_gives_its_messages_back(
        self, outbox: Outbox, reader: MessageRepository, target: DatabaseTarget
    ) -> None:
        paced = replace(wanted(), spacing_s=0.001)
        await outbox.claim(paced)
        new = await queue_one(outbox)
        async with locking(target, "sms_provider_states", "ROWS"):
            claiming = asyncio.create_task(outbox.claim(paced))
            await asyncio.sleep(0.1)
            claiming.cancel()
            await asyncio.sleep(0.1)
            assert not claiming.done()
        with pytest.raises(asyncio.CancelledError):
            await claiming
        stored = await found(reader, new.message.id)
        assert (stored.message.status, stored.message.attempts) == (MessageStatus.QUEUED, 0)

    async def test_a_statement_that_hangs_is_given_up_and_the_next_one_works(
        self, outbox: Outbox, target: DatabaseTarget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new = await queue_one(outbox)
        monkeypatch.setattr(transactions, "TIMEOUT_S", 0.5)
        async with locking(target, "sms_messages", "ACCESS EXCLUSIVE MODE"):
            request = a_request()
            with pytest.raises(StorageUnavailableError):
                await outbox.accept([a_queued(request)], request)
            with pytest.raises(StorageUnavailableError):
                await outbox.claim(wanted())
        monkeypatch.undo()
        assert (await claim_one(outbox)).message.id == new.message.id
        await queue_one(outbox)

    async def test_an_acceptance_whose_answer_was_lost_is_repeated_and_written_once(
        self, outbox: Outbox, reader: MessageRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = IdempotencyKey("caller", "key", b"\x00")
        request = a_request(2)
        news = [with_a_line(a_queued(request, number)) for number in range(2)]
        losing = lose_answers(monkeypatch)
        assert await outbox.accept(news, request, key)
        assert losing == []
        assert not await outbox.accept([], a_request(), key)
        assert await reader.request(request.id) == request
        for new in news:
            assert names(await found(reader, new.message.id)) == ["accepted", "routed"]

    async def test_an_acceptance_that_was_not_written_at_all_is_written_when_it_is_repeated(
        self, outbox: Outbox, reader: MessageRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = a_request()
        new = with_a_line(a_queued(request))
        lose_answers(monkeypatch, written=False)
        assert await outbox.accept([new], request, IdempotencyKey("caller", "key", b"\x00"))
        assert names(await found(reader, new.message.id)) == ["accepted", "routed"]

    async def test_a_repeated_acceptance_does_not_win_anothers_key(
        self, outbox: Outbox, reader: MessageRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = IdempotencyKey("caller", "key", b"\x00")
        await outbox.accept([], a_request(), key)
        request = a_request()
        new = a_queued(request)
        lose_answers(monkeypatch)
        assert not await outbox.accept([new], request, key)
        assert await reader.message(new.message.id) is None

    async def test_a_repeated_acceptance_of_another_requests_message_is_refused(
        self, outbox: Outbox, reader: MessageRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        theirs = await queue_one(outbox)
        request = a_request()
        new = a_queued(request)
        double = replace(new, message=replace(new.message, id=theirs.message.id))
        lose_answers(monkeypatch, written=False)
        with pytest.raises(RefusedError):
            await outbox.accept([new, double], request)
        stored = await found(reader, theirs.message.id)
        assert (stored.message.request_id, stored.message.status) == (
            theirs.message.request_id,
            MessageStatus.QUEUED,
        )
        assert await reader.request(request.id) is None

    async def test_repeated_acceptances_share_a_statement(
        self,
        outbox: Outbox,
        reader: MessageRepository,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        requests = [a_request() for _ in range(50)]
        lose_answers(monkeypatch)
        keys = [IdempotencyKey("caller", f"{n // 2}", b"\x00") for n in range(50)]
        written = await asyncio.gather(
            *(
                outbox.accept([a_queued(request)], request, key)
                for request, key in zip(requests, keys, strict=True)
            )
        )
        assert sum(written) == 25
        for request, won in zip(requests, written, strict=True):
            of_it = await reader.of_request(request, after=None, limit=10)
            assert len(of_it) == won

    async def test_an_acceptance_that_fails_twice_is_told_to_have_failed(
        self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_answers(monkeypatch, times=2)
        with pytest.raises(StorageUnavailableError):
            await outbox.accept([], a_request())

    async def test_what_was_claimed_while_the_answer_was_lost_is_put_back_and_not_doubted(
        self, outbox: Outbox, reader: MessageRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await outbox.claim(wanted())
        new = await queue_one(outbox)
        lose_answers(monkeypatch)
        with pytest.raises(StorageUnavailableError):
            await outbox.claim(wanted(lease_s=0))
        await asyncio.sleep(0.01)
        assert (await outbox.sweep()).in_doubt == 0
        stored = await found(reader, new.message.id)
        assert (stored.message.status, stored.message.attempts) == (MessageStatus.QUEUED, 0)

    async def test_connections_that_broke_are_replaced(
        self, outbox: Outbox, target: DatabaseTarget
    ) -> None:
        request = a_request()
        new = a_sending(request)
        await outbox.accept([new], request)
        await outbox.settle(settled(new))
        await outbox.claim(wanted())
        await run_alone(target, END_OUR_OTHERS)
        with pytest.raises(StorageUnavailableError, match=r"^database: \w+$"):
            await outbox.settle(settled(new))
        assert await outbox.accept([], a_request())
        with pytest.raises(StorageUnavailableError):
            await outbox.claim(wanted())
        assert await outbox.settle(settled(new))
        await queue_one(outbox)
        await claim_one(outbox)

    async def test_what_waits_is_written_before_it_is_closed(
        self, process: Process, reader: MessageRepository
    ) -> None:
        request = a_request(50)
        news = [a_queued(request, number) for number in range(50)]
        async with AsyncExitStack() as stack:
            outbox = await process.outbox(stack)
            opening = asyncio.create_task(outbox.accept([], request))
            accepting = [asyncio.create_task(outbox.accept([new])) for new in news]
            await asyncio.sleep(0)
        assert all(await asyncio.gather(opening, *accepting))
        for new in news:
            await found(reader, new.message.id)

    async def test_leases_run_out_by_the_servers_clock(self, outbox: Outbox, other: Outbox) -> None:
        await queue_one(outbox)
        await claim_one(other, lease_s=60)
        assert (await outbox.sweep()).in_doubt == 0
        await queue_one(outbox)
        await claim_one(other, lease_s=0)
        await asyncio.sleep(0.01)
        assert (await outbox.sweep()).in_doubt == 1
