"""What waits in a database, as it is shown to Prometheus."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from adapters.clock import SystemClock
from adapters.persistence.engines import open_engines
from adapters.persistence.tables import metadata, webhook_deliveries
from adapters.telemetry import backlog as module
from adapters.telemetry.backlog import SqlBacklog
from adapters.telemetry.exposition import Exposition
from adapters.telemetry.gauges import Gauges
from application.breaker import Breakers
from application.errors import StorageUnavailableError
from application.ports.backlog import Backlog
from application.ports.outbox import Outbox
from domain.terms import Priority, Terms
from tests.contracts.outbox.fixtures import a_queued, a_request, doubt_one, now, queue_many
from tests.fakes import MemoryProviderStates
from tests.integration.conftest import migrated_target
from tests.integration.persistence.database import Database, Process
from tests.postgres import PostgresServer

HOUR = timedelta(hours=1)


class TestBacklog(Database):
    @pytest.fixture
    def backlog(self, process: Process) -> SqlBacklog:
        return SqlBacklog(process.engines.reader, process.clock, process.target.schema)

    async def test_an_empty_database_has_none(self, backlog: SqlBacklog) -> None:
        found = await backlog.read()
        assert (found.queued, found.unknown, found.webhooks) == ({}, {}, 0)

    async def test_messages_that_are_due_count_by_lane(
        self, backlog: SqlBacklog, outbox: Outbox
    ) -> None:
        await queue_many(outbox, 3)
        await queue_many(outbox, 2, terms=Terms(route=("smscru",), priority=Priority.BULK))
        request = a_request()
        later = a_queued(request, due_at=now() + HOUR)
        await outbox.accept([later], request)
        queued = (await backlog.read()).queued
        usual, bulk = ("smscru", Priority.TRANSACTIONAL), ("smscru", Priority.BULK)
        assert {lane: number for lane, (number, _) in queued.items()} == {usual: 3, bulk: 2}
        assert all(3600 <= age_s < 7200 for _, age_s in queued.values())

    async def test_doubts_count_until_nobody_asks_any_more(
        self, backlog: SqlBacklog, outbox: Outbox
    ) -> None:
        await doubt_one(outbox, wait_s=60.0)
        await doubt_one(outbox, wait_s=None)
        assert (await backlog.read()).unknown == {"smscru": 1}

    async def test_webhooks_count_until_they_are_delivered(
        self, backlog: SqlBacklog, process: Process
    ) -> None:
        rows = [
            {
                "id": uuid4(),
                "event_id": uuid4(),
                "url": "https://example.com/hook",
                "host": "example.com",
                "status": status,
                "attempts": 1,
                **dict.fromkeys(("created_at", "updated_at", "due_at"), now() + HOUR),
            }
            for number, status in enumerate(("pending", "delivered", "failed", "pending"))
        ]
        await process.engines.writer.run(
            lambda connection: connection.execute(webhook_deliveries.insert(), rows)
        )
        assert (await backlog.read()).webhooks == 2

    async def test_dead_rows_are_those_of_our_tables(
        self, backlog: SqlBacklog, process: Process
    ) -> None:
        tables = {table.name for table in metadata.sorted_tables}
        expected = set() if process.target.schema is None else tables
        assert set((await backlog.read()).dead_tuples) == expected

    async def test_everything_can_be_read_from_indexes(
        self, backlog: SqlBacklog, process: Process
    ) -> None:
        query = backlog.query().compile(process.engines.reader.sync_engine)
        values = tuple("" for _ in query.positiontup or ())
        async with process.engines.reader.connect() as connection:
            if process.target.schema is None:
                explained = f"EXPLAIN QUERY PLAN {query}"
            else:  # a small table is read as a whole, whatever indexes it has
                await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                explained = f"EXPLAIN {query}"
            rows = await connection.exec_driver_sql(explained, values)
            plan = [row[-1] for row in rows]
        read = [line for line in plan if re.search("sms_(messages|webhook)", line)]
        read = [line for line in read if re.search("SCAN|SEARCH|Scan", line)]
        indexes = {name for line in read for name in re.findall(r"ix_sms_\w+", line)}
        assert len(indexes) == 3
        assert [line for line in read if "ix_sms_" not in line and "Bitmap Heap" not in line] == []

    async def test_the_metrics_say_so_when_the_database_is_away(
        self, backlog: SqlBacklog, process: Process, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registry = CollectorRegistry()
        breakers = Breakers(MemoryProviderStates(process.clock), process.clock)
        gauges = Gauges(registry, ["smscru"])
        exposition = Exposition(registry, gauges, backlog, breakers, process.engines.reader)
        assert b"habar_database_up 1.0" in await exposition()
        assert b'habar_unknown_messages{provider="smscru"} 0.0' in await exposition()

        async def away() -> Backlog:
            raise StorageUnavailableError("away")

        monkeypatch.setattr(backlog, "read", away)
        shown = await exposition()
        assert b"habar_database_up 0.0" in shown
        assert b"habar_webhook_backlog NaN" in shown
        assert b"habar_unknown_messages{" not in shown
        assert b"habar_database_pool_size" in shown

    async def test_a_circuit_is_open_when_the_provider_fails_not_when_an_operator_holds_it(
        self, process: Process
    ) -> None:
        registry, states = CollectorRegistry(), MemoryProviderStates(process.clock)
        breakers, gauges = Breakers(states, process.clock), Gauges(registry, ["smscru", "twilio"])
        await states.trip("smscru", 60, "it fails")
        await states.hold("twilio", None, "ops")
        await breakers.refresh()
        gauges.show_breakers(breakers)
        assert registry.get_sample_value("habar_breaker_open", {"provider": "smscru"}) == 1
        assert registry.get_sample_value("habar_breaker_open", {"provider": "twilio"}) == 0

    async def test_who_is_not_configured_any_more_is_shown_as_other(
        self, backlog: SqlBacklog, process: Process, outbox: Outbox
    ) -> None:
        registry = CollectorRegistry()
        breakers = Breakers(MemoryProviderStates(process.clock), process.clock)
        await queue_many(outbox, 2)
        gauges = Gauges(registry, ["twilio"])
        await Exposition(registry, gauges, backlog, breakers, process.engines.reader)()
        lane = {"provider": "other", "priority": "transactional"}
        assert registry.get_sample_value("habar_queue_messages", lane) == 2
        assert (registry.get_sample_value("habar_queue_oldest_seconds", lane) or 0) >= 3600
        assert (
            registry.get_sample_value("habar_queue_messages", {**lane, "provider": "twilio"}) == 0
        )


async def test_a_server_that_does_not_answer_in_time_is_away(
    monkeypatch: pytest.MonkeyPatch, postgres_server: PostgresServer
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.0)
    engines = open_engines(migrated_target(postgres_server))
    with pytest.raises(StorageUnavailableError):
        await SqlBacklog(engines.reader, SystemClock(), "public").read()
    await engines.reader.dispose()
