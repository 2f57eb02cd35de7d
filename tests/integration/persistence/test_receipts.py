"""Receipts on both databases."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from adapters.persistence.engines import DatabaseTarget, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.receipt_changes import PostgresChanges, SqliteChanges
from adapters.persistence.receipts import SqlReceiptLog
from adapters.persistence.tables import events, parked_receipts
from application.ports.outbox import Outbox
from application.ports.receipts import Fate, ReceiptLog
from application.ports.repositories import MessageFilter, MessageRepository
from application.ports.telemetry import SILENT, Telemetry
from domain.message import MessageStatus
from domain.outcome import Accepted
from tests.contracts.outbox.fixtures import a_request, a_sending, found, names, now, settled
from tests.contracts.receipts import ReceiptLogContract, about, by_their_name, send
from tests.fakes.telemetry import HeardTelemetry
from tests.integration.conftest import postgres_target, sqlite_target
from tests.integration.persistence.database import Database, Process
from tests.postgres import PostgresServer, libpq

S = MessageStatus
SCHEMA = 'My-"Schema%'
MANY = 1000
ROUNDS = 20


def a_log(
    process: Process, *, announced: bool = False, telemetry: Telemetry = SILENT
) -> SqlReceiptLog:
    schema = process.target.schema
    if schema is None:
        changes = SqliteChanges(process.clock, poll_s=0.0, announced=announced)
        return SqlReceiptLog(process.commits, changes, telemetry)
    on_server = PostgresChanges(schema, poll_s=0.0, announced=announced)
    return SqlReceiptLog(process.commits, on_server, telemetry)


class TestReceiptLog(Database, ReceiptLogContract):
    @pytest.fixture
    def log(self, process: Process) -> ReceiptLog:
        return a_log(process)

    @pytest.mark.parametrize("announced", [True, False])
    async def test_an_event_is_untold_where_somebody_is_to_be_told(
        self, outbox: Outbox, process: Process, *, announced: bool
    ) -> None:
        message = await send(outbox)
        await a_log(process, announced=announced).record(about(message))
        query = sa.select(events.c.untold).order_by(events.c.id)
        untold = await process.engines.writer.run(lambda c: c.execute(query).scalars().all())
        assert untold == [None, True if announced else None]

    async def test_what_a_receipt_has_changed_is_told_once(
        self, outbox: Outbox, process: Process
    ) -> None:
        telemetry = HeardTelemetry()
        message = await send(outbox)
        log = a_log(process, telemetry=telemetry)
        for _ in range(2):
            await log.record(about(message))
        await log.record(by_their_name(provider_id="of nobody"))
        assert telemetry.of("reported") == [(S.DELIVERED, S.SUBMITTED)]

    async def test_a_thousand_receipts_before_the_answers_are_all_matched(
        self, outbox: Outbox, process: Process, log: ReceiptLog, reader: MessageRepository
    ) -> None:
        request = a_request(MANY)
        news = [a_sending(request, number) for number in range(MANY)]
        await outbox.accept(news, request)
        said = [
            by_their_name(provider_id=f"SM{number}")
            if number % 2
            else about(new.message, provider_id=f"SM{number}")
            for number, new in enumerate(news)
        ]
        assert {*await asyncio.gather(*map(log.record, said))} == {Fate.PARKED}
        settlements = [settled(new, Accepted(f"SM{n}")) for n, new in enumerate(news)]
        settling = asyncio.gather(*map(outbox.settle, settlements))
        fates = await self.work_off(log, MANY)
        assert all(await settling)
        while fates.count(Fate.APPLIED) < MANY:
            fates += await self.work_off(log)
        assert not await log.claim(MANY, 60.0)
        stored = await reader.find(MessageFilter(), before=None, limit=MANY)
        assert {one.message.status for one in stored} == {S.DELIVERED}
        count = sa.select(sa.func.count()).select_from(events)
        assert await process.engines.writer.run(lambda c: c.execute(count).scalar()) == 2 * MANY

    async def test_receipts_and_answers_that_meet_lose_nothing(
        self, outbox: Outbox, log: ReceiptLog, reader: MessageRepository
    ) -> None:
        request = a_request(100)
        news = [a_sending(request, number) for number in range(100)]
        await outbox.accept(news, request)
        both = [
            (outbox.settle(settled(new, Accepted(f"SM{n}"))), log.record(about(new.message)))
            for n, new in enumerate(news)
        ]
        await asyncio.gather(*(doing for pair in both for doing in pair))
        while await self.work_off(log):
            pass
        for new in news:
            stored = await found(reader, new.message.id)
            assert names(stored) == ["accepted", "submitted", "delivered"]
            assert stored.message.provider_id is not None


class TestOnSqlite(Database):
    @pytest.fixture
    def target(self, tmp_path: Path) -> DatabaseTarget:
        return sqlite_target(tmp_path)

    @pytest.fixture
    def statements(self) -> Iterator[list[str]]:
        """Every statement the writer runs from here on."""
        heard: list[str] = []

        def listen(connection: Any, _: object) -> None:  # noqa: ANN401 - of either driver
            if isinstance(connection, sqlite3.Connection):
                connection.set_trace_callback(heard.append)

        sa.event.listen(sa.Pool, "connect", listen)
        yield heard
        sa.event.remove(sa.Pool, "connect", listen)

    async def test_every_question_is_answered_by_an_index(
        self, statements: list[str], outbox: Outbox, process: Process
    ) -> None:
        log = a_log(process)
        message = await send(outbox)
        statements.clear()
        await log.record(by_their_name())
        await log.record(about(message))
        await log.record(by_their_name(provider_id="another"))
        await log.record(about(message, weak=True, opted_out=True))
        (parked,) = await log.claim(10, 60.0)
        await log.put_off(parked, 60.0)
        await log.drop(parked)
        asked = [s for s in statements if s.startswith(("SELECT", "UPDATE", "DELETE"))]
        assert len(asked) >= 10
        with closing(sqlite3.connect(str(process.target.sqlite_path))) as connection:
            for statement in asked:
                plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                assert not any("SCAN sms_" in row[3] for row in plan), statement


class TestOnPostgres(Database):
    @pytest.fixture
    def target(self, postgres_server: PostgresServer) -> DatabaseTarget:
        return replace(postgres_target(postgres_server), schema=SCHEMA)

    @pytest.fixture
    async def processes(self, process: Process) -> AsyncIterator[list[Process]]:
        """Three processes on one database, with connections of their own."""
        others = []
        for _ in range(2):
            engines = open_engines(process.target)
            others.append(Process(process.target, engines, GroupCommit(engines.writer)))
        yield [process, *others]
        for other in others:
            await other.commits.close()
            await other.engines.reader.dispose()

    async def test_what_another_process_holds_is_parked_and_not_waited_for(
        self, outbox: Outbox, process: Process, reader: MessageRepository
    ) -> None:
        log, message = a_log(process), await send(outbox)
        table = sql.Identifier(SCHEMA, "sms_messages")
        url = libpq(process.target.url)
        async with asyncio.timeout(30), await psycopg.AsyncConnection.connect(url) as holder:
            await holder.execute(sql.SQL("SELECT FROM {} FOR UPDATE").format(table))
            assert await log.record(about(message)) is Fate.PARKED
        assert (await found(reader, message.id)).message.status is S.SUBMITTED
        async with asyncio.timeout(30):
            while not (due := await log.claim(10, 60.0)):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.1)
        assert await log.settle(due[0], due[0].receipt, 1.0) is Fate.APPLIED

    async def test_what_several_processes_are_told_is_written_once(
        self, outbox: Outbox, processes: list[Process], reader: MessageRepository
    ) -> None:
        logs = [a_log(one) for one in processes]
        messages = [await send(outbox, Accepted(f"SM{number}")) for number in range(50)]
        said = [
            log.record(about(message, status))
            for log in logs
            for message in messages
            for status in (S.SUBMITTED, S.DELIVERED)
        ]
        fates = await asyncio.gather(*said)
        assert fates.count(Fate.APPLIED) == len(messages)
        for message in messages:
            assert names(await found(reader, message.id)) == ["accepted", "submitted", "delivered"]

    async def test_what_two_processes_hear_in_opposite_order_is_parked_once(
        self, processes: list[Process]
    ) -> None:
        one, other = map(a_log, processes[:2])
        for _ in range(ROUNDS):
            said = [by_their_name(message_id=uuid4()) for _ in range(60)]
            fates = await asyncio.gather(*map(one.record, said), *map(other.record, reversed(said)))
            assert {*fates} == {Fate.PARKED}
        count = sa.select(sa.func.count()).select_from(parked_receipts)
        assert await processes[0].engines.writer.run(lambda c: c.execute(count).scalar()) == (
            60 * ROUNDS
        )

    async def test_one_process_is_done_with_receipts_while_another_hears_them_again(
        self, outbox: Outbox, processes: list[Process]
    ) -> None:
        one, other = map(a_log, processes[:2])
        for _ in range(ROUNDS):
            message = await send(outbox)
            weak = [about(message, weak=True, provider_code=str(n)) for n in range(30)]
            fresh = [by_their_name(message_id=uuid4()) for _ in range(30)]
            await asyncio.gather(*map(one.record, weak))
            due = [parked for parked in await one.claim(500, 60.0) if parked.receipt.weak]
            assert len(due) >= len(weak)
            await asyncio.gather(
                *(one.settle(parked, replace(parked.receipt, weak=False), 1.0) for parked in due),
                *map(one.record, fresh),
                *map(other.record, [*fresh, *weak]),
            )

    async def test_several_processes_share_the_parked_ones(self, processes: list[Process]) -> None:
        logs = [a_log(one) for one in processes]
        ids = [uuid4() for _ in range(60)]
        for message_id in ids:
            await logs[0].record(by_their_name(message_id=message_id))
        await processes[0].engines.writer.run(
            lambda c: c.execute(sa.update(parked_receipts).values(due_at=now()))
        )
        claims = await asyncio.gather(*(log.claim(7, 60.0) for log in logs * 4))
        taken = [parked.receipt.message_id for claim in claims for parked in claim]
        assert len(taken) == len({*taken})
        assert {*taken} <= {*ids}
        assert len(taken) >= 7

    async def test_answers_and_receipts_of_several_processes_do_not_wait_for_one_another_for_ever(
        self, processes: list[Process], stack: AsyncExitStack, reader: MessageRepository
    ) -> None:
        outboxes = [await process.outbox(stack) for process in processes]
        logs = [a_log(process) for process in processes]
        request = a_request(200)
        news = [a_sending(request, number) for number in range(200)]
        await outboxes[0].accept(news, request)
        settling = [outboxes[0].settle(settled(new, Accepted("SM"))) for new in reversed(news)]
        recording = [log.record(about(new.message)) for log in logs for new in news]
        async with asyncio.timeout(60):
            done = await asyncio.gather(*recording, *settling)
        assert all(done)
        await processes[0].engines.writer.run(
            lambda c: c.execute(sa.update(parked_receipts).values(due_at=now()))
        )
        while due := await logs[0].claim(500, 60.0):
            await asyncio.gather(*(logs[0].settle(one, one.receipt, 0.0) for one in due))
        for new in news:
            stored = await found(reader, new.message.id)
            assert names(stored) == ["accepted", "submitted", "delivered"]
