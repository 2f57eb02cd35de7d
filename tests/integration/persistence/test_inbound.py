"""Subscribers' messages and opt-outs, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget, Engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.inbound import SqlInboundLog
from adapters.persistence.opt_out_lookup import (
    OptOutLookup,
    PostgresOptOutLookup,
    SqliteOptOutLookup,
)
from adapters.persistence.opt_outs import SqlOptOuts
from adapters.persistence.reads import read
from adapters.persistence.tables import webhook_events
from adapters.persistence.transactions import AsyncTransactions
from adapters.persistence.webhook_rows import insert_received
from application.ports.blacklist import BlacklistRepository
from application.ports.inbound import InboundLog, Reception
from application.ports.outbox import Outbox
from domain.inbound import InboundMessage, Keyword
from domain.phone import Phone
from domain.webhook import received_id
from tests.contracts.inbound import (
    ALL,
    PHONE,
    InboundContract,
    a_confirmation,
    asking,
    ids,
    written,
)
from tests.contracts.opt_outs import OPT_OUT, OTHER, OptOutsContract
from tests.contracts.outbox.fixtures import wanted
from tests.integration.conftest import postgres_target, sqlite_target
from tests.integration.persistence.database import Database, Process
from tests.postgres import PostgresServer

PHONES = [Phone(f"+7701{number:07d}") for number in range(20)]
URLS = ("https://hooks.example/habar",)


class InboundDatabase(Database):
    @pytest.fixture
    async def opt_out_lookup(
        self, target: DatabaseTarget, engines: Engines
    ) -> AsyncIterator[OptOutLookup]:
        path = target.sqlite_path
        lookup: OptOutLookup = (
            PostgresOptOutLookup(engines.reader) if path is None else SqliteOptOutLookup(path)
        )
        yield lookup
        await lookup.close()

    @pytest.fixture
    def opt_outs(self, process: Process, opt_out_lookup: OptOutLookup) -> SqlOptOuts:
        return SqlOptOuts(process.commits, opt_out_lookup)

    @pytest.fixture
    def inbound(self, process: Process) -> SqlInboundLog:
        return a_log(process)


class TestOptOuts(InboundDatabase, OptOutsContract):
    async def test_an_operator_who_frees_a_phone_lifts_its_opt_outs(
        self, opt_outs: SqlOptOuts, blacklist: BlacklistRepository
    ) -> None:
        other = replace(OPT_OUT, phone=OTHER)
        for opt_out in (OPT_OUT, other):
            await opt_outs.add(opt_out)
        await blacklist.remove(OPT_OUT.phone)
        assert await opt_outs.among([OPT_OUT.phone, OTHER], "twilio") == {(OTHER, other.sender)}


class TestInbound(InboundDatabase, InboundContract):
    @pytest.fixture
    def told(
        self, process: Process, inbound: InboundLog
    ) -> Callable[[], Awaitable[Sequence[UUID]]]:
        async def told() -> Sequence[UUID]:
            events = await read(process.engines.reader, sa.select(webhook_events.c.id))
            kept = await inbound.find(ALL, before=None, limit=100)
            names = {received_id(message.id): message.id for message in kept}
            return [names[event.id] for event in events]

        return told

    async def test_what_cannot_be_told_is_not_written_either(
        self, process: Process, blacklist: BlacklistRepository, outbox: Outbox
    ) -> None:
        def fail(*_: object) -> None:
            raise ValueError("a defect")

        log = SqlInboundLog(process.commits, process.engines.reader, process.owner, fail)
        with pytest.raises(ValueError, match="a defect"):
            await log.write(asking(Keyword.STOP))
        assert await log.find(ALL, before=None, limit=1) == []
        assert await blacklist.find(PHONE) is None
        assert not (await outbox.claim(wanted("twilio"))).claimed

    async def test_a_message_that_cannot_be_written_does_not_take_others_along(
        self, process: Process
    ) -> None:
        def fail(_: sa.Connection, message: InboundMessage) -> None:
            if message.text == "bad":
                raise ValueError("a defect")

        log = SqlInboundLog(process.commits, process.engines.reader, process.owner, fail)
        receptions = [Reception(inbound=written(text)) for text in ("good", "bad", "fine")]
        results = await asyncio.gather(*map(log.write, receptions), return_exceptions=True)
        assert [isinstance(result, ValueError) for result in results] == [False, True, False]
        assert len(await log.find(ALL, before=None, limit=10)) == 2


class TestLookup(InboundDatabase):
    @pytest.fixture
    def target(self, tmp_path: Path) -> DatabaseTarget:
        return sqlite_target(tmp_path)

    async def test_an_opt_out_is_found_by_its_key(self, process: Process) -> None:
        explain = f"EXPLAIN QUERY PLAN {SqliteOptOutLookup.QUERY}"
        async with process.engines.reader.connect() as connection:
            plan = await connection.exec_driver_sql(explain, ('["77011234567"]', "twilio"))
            steps = [str(row.detail) for row in plan]
        wanted_step = "SEARCH sms_opt_outs USING PRIMARY KEY (phone=? AND provider=?)"
        assert any(wanted_step in step for step in steps)


class TestProcesses(Database):
    """Several of them hear the same."""

    @pytest.fixture
    def target(self, postgres_server: PostgresServer) -> DatabaseTarget:
        return postgres_target(postgres_server)

    async def test_they_write_it_once_and_do_not_wait_for_one_another_for_ever(
        self, process: Process, stack: AsyncExitStack, outbox: Outbox
    ) -> None:
        logs = [a_log(process)]
        for _ in range(2):
            commits = GroupCommit(AsyncTransactions(process.engines.reader))
            stack.push_async_callback(commits.close)
            logs.append(a_log(Process(process.target, process.engines, commits)))
        stops = [replace(asking(Keyword.STOP), phone=phone) for phone in PHONES for _ in range(3)]
        named = [
            replace(
                r,
                inbound=replace(
                    r.inbound, phone=r.phone.msisdn if r.phone else "", provider_id=f"SM{number}"
                ),
            )
            for number, r in enumerate(stops)
        ]
        orders = [named, named[::-1], named[1::2] + named[::2]]
        written_once = await asyncio.gather(
            *(log.write(again(r)) for log, order in zip(logs, orders, strict=True) for r in order)
        )
        assert sum(written_once) == len(named)
        assert len(await logs[0].find(ALL, before=None, limit=1000)) == len(named)
        claim = await outbox.claim(wanted("twilio", limit=1000))
        assert len(claim.claimed) == len(PHONES)


def again(reception: Reception) -> Reception:
    """Return what another process makes of the same callback."""
    inbound = replace(reception.inbound, id=ids.new())
    return replace(reception, inbound=inbound, confirmation=a_confirmation())


def a_log(process: Process) -> SqlInboundLog:
    def announce(connection: sa.Connection, message: InboundMessage) -> None:
        insert_received(connection, message, b"{}", URLS, process.clock.now())

    return SqlInboundLog(process.commits, process.engines.reader, process.owner, announce)
