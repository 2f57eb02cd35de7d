"""Whatever dies, nothing is lost and nothing is sent twice."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import migrate
from adapters.persistence.tables import messages
from tests.integration.conftest import postgres_target
from tests.integration.processes.load import Load, Told
from tests.postgres import PostgresServer
from tests.processes import Client, Json, Program, provided, running_gateway, stored

ROUNDS = 5
CALLERS = 32
WIDE = {"SMS_PROVIDER": "twilio", "TWILIO_CONCURRENCY": str(CALLERS)}
KILLED = 137
_numbers = itertools.count()


@pytest.fixture
def place(folder: Path) -> Path:
    return folder / f"death-{next(_numbers)}"


@pytest.fixture
def provider(simulator: Program) -> Iterator[Client]:
    """A hand on the providers, who behave and have seen nothing."""
    with Client(simulator, simulator) as client:
        client.forget()
        yield client
        client.forget()


@pytest.fixture(scope="module")
def target(lasting_target: DatabaseTarget) -> DatabaseTarget:
    return lasting_target


def states(target: DatabaseTarget) -> dict[str, str]:
    """Return the state of every message in the database, by phone."""
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
    url = target.url.set(drivername=drivers[target.url.get_backend_name()])
    with sa.create_engine(url, poolclass=NullPool).begin() as connection:
        rows = connection.execute(sa.select(messages.c.phone, messages.c.status)).all()
        assert len(rows) == len({row.phone for row in rows})
        return {row.phone: row.status for row in rows}


def empty(target: DatabaseTarget) -> None:
    """Take out what an earlier test has left."""
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
    url = target.url.set(drivername=drivers[target.url.get_backend_name()])
    with sa.create_engine(url, poolclass=NullPool).begin() as connection:
        for table in ("sms_events", "sms_messages", "sms_requests"):
            if sa.inspect(connection).has_table(table):
                connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names


def test_a_message_in_doubt_stays_in_doubt(
    place: Path, simulator: Program, target: DatabaseTarget, provider: Client
) -> None:
    empty(target)
    settings = provided(simulator.url, **stored(target))
    unsent, sent = "77010000000", "77010000001"
    for phone, point in ((unsent, "after_accept"), (sent, "after_submit")):
        with (
            running_gateway(place, **settings, HABAR_FAILPOINT=point) as dying,
            Client(dying, simulator) as client,
        ):
            with pytest.raises(httpx.TransportError):
                client.post("/sms", phones=phone, message="Hi")
            assert dying.wait() == KILLED
    assert states(target) == {unsent: "sending", sent: "sending"}
    with running_gateway(place, **settings) as reborn, Client(reborn, simulator) as client:
        assert client.post("/sms", phones="77019999999", message="Hi")["status"] is True
        taken = {message["recipient"]: message for message in provider.sent()}
        assert set(taken) == {sent, "77019999999"}
        assert states(target) == {unsent: "sending", sent: "sending", "77019999999": "submitted"}
        message = client.message(_id(taken[sent]))
        assert (message["status"], message["attempts"]) == ("sending", 1)
        assert [line["event"] for line in message["history"]] == ["accepted"]


async def test_killed_at_any_moment_it_has_lost_nothing_and_doubled_nothing(
    place: Path, simulator: Program, target: DatabaseTarget, provider: Client
) -> None:
    empty(target)
    chance = random.Random(4821)  # noqa: S311 - no secret
    told = Told()
    settings = provided(simulator.url, **stored(target), **WIDE)
    provider.latency(0.01)
    for _ in range(ROUNDS):
        with running_gateway(place, **settings) as gateway:
            load = Load(told, gateway.url, callers=CALLERS)
            running = asyncio.create_task(load.run())
            await asyncio.sleep(0.3 + chance.random() / 2)
            gateway.kill()
            await running
    sent = Counter(taken["recipient"] for taken in provider.sent())
    rows = states(target)
    assert len(told.accepted) > ROUNDS * 10
    assert set(sent) <= set(rows), "sent, and not on disk"
    assert max(sent.values()) == 1, "sent twice"
    assert told.accepted <= set(sent), "said to be sent, and was not"
    assert {rows[phone] for phone in told.accepted} == {"submitted"}
    doubtful = [phone for phone, state in rows.items() if state != "submitted"]
    assert len(doubtful) <= ROUNDS * CALLERS
    assert {rows[phone] for phone in doubtful} <= {"sending"}
    with running_gateway(place, **settings) as gateway, Client(gateway, simulator) as client:
        assert client.post("/sms", phones="77079999999", message="Hi")["status"]
        assert len(provider.sent()) == sum(sent.values()) + 1, "a message in doubt was sent again"


async def test_told_to_stop_it_answers_what_is_under_way(
    place: Path, simulator: Program, target: DatabaseTarget, provider: Client
) -> None:
    empty(target)
    told = Told()
    settings = provided(simulator.url, **stored(target), **WIDE, SHUTDOWN_TIMEOUT="8")
    provider.latency(0.3)
    with running_gateway(place, **settings) as gateway:
        load = Load(told, gateway.url, callers=CALLERS)
        running = asyncio.create_task(load.run())
        await asyncio.sleep(1.2)
        gateway.terminate()
        code = await asyncio.to_thread(gateway.wait, 8)
        load.stop()
        await running
        output = gateway.output
    assert code == 0, output
    assert "Traceback" not in output
    rows = states(target)
    assert len(told.accepted) >= CALLERS
    assert set(rows.values()) == {"submitted"}
    assert set(rows) == told.accepted == {taken["recipient"] for taken in provider.sent()}
    assert set(told.answered.values()) == {200}


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


def _id(taken: Json) -> str:
    """Read our own name for a message off what smsc.ru was sent."""
    return str(taken["reference"]).removeprefix("h")
