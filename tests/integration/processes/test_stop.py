"""Told to stop under load, it finishes what it began and leaves the rest in the queue."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import migrate
from tests.faults.callers import Ask, Callers
from tests.faults.ledger import TAKEN, balance
from tests.faults.records import Records
from tests.integration.conftest import postgres_target
from tests.postgres import PostgresServer
from tests.processes import Client, Program, provided, running_gateway, stored

PATIENCE_S = 8
QUEUED = 400
LARGE = 1_000
END_S = 60.0
WIDE = {
    "SMS_PROVIDER": "twilio",
    "TWILIO_CONCURRENCY": "16",
    "TWILIO_RATE": "100",
    "SHUTDOWN_TIMEOUT": str(PATIENCE_S),
}


async def test_told_to_stop_it_finishes_what_it_began_and_keeps_the_rest(
    place: Path, simulator: Program, target: DatabaseTarget, provider: Client
) -> None:
    settings = provided(simulator.url, **stored(target), **WIDE)
    records = Records(target)
    provider.latency(0.2)
    with running_gateway(place, **settings) as gateway, Client(gateway, simulator) as client:
        client.queue(phones=[f"7771{number:07d}" for number in range(QUEUED)], message="Hi")
        callers = Callers(lambda: [gateway.url], providers=["twilio"])
        large = Ask(phones=tuple(f"7772{n:07d}" for n in range(LARGE)), provider="twilio")
        calling = asyncio.gather(callers.run(), callers.ask(large))
        await asyncio.sleep(1.5)
        gateway.terminate()
        code = await asyncio.to_thread(gateway.wait, PATIENCE_S + 20)
        callers.stop()
        await calling
        output = gateway.output
    assert code == 0, output
    assert "Traceback" not in output
    assert callers.statuses.keys() <= {0, 200, 202, 503}, callers.statuses
    assert large.told, "who was being served when it stopped gets an answer"
    assert not large.accepted
    assert not records.count("sending")
    assert records.count("queued") > 0, "there was no queue"
    sent = len(provider.sent())
    provider.latency(0)
    with running_gateway(place, **settings):
        assert await records.wait_until_closed(END_S)
    assert len(provider.sent()) > sent
    rows = records.messages()
    figures = balance(callers.asks, rows, provider.sent())
    # A key whose request was never answered is not repeated here.
    assert figures.broken.keys() <= {"unanswered"}, figures
    assert {row.phone for row in rows if row.status in TAKEN} == {
        message["recipient"] for message in provider.sent()
    }


def test_told_to_stop_before_it_listens_it_ends_at_once(
    place: Path, postgres_server: PostgresServer
) -> None:
    target = postgres_target(postgres_server)
    migrate(target)
    engine = sa.create_engine(target.url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE sms_alembic_version IN ACCESS EXCLUSIVE MODE")
        program = Program(place, "serve", HTTP_PORT="0", SMS_DUMMY="true", **stored(target))
        try:
            _wait_for_a_lock(connection)
            program.terminate()
            assert program.wait(3) != 0
        finally:
            program.kill()
    assert "Traceback" not in program.output


def _wait_for_a_lock(connection: sa.Connection) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_sleep(0.05) IS NOT NULL"
    while connection.exec_driver_sql(waiting).scalar() == 0:
        connection.exec_driver_sql("SELECT pg_sleep(0.05)")
