"""Through PgBouncer in transaction mode, as the system Habar replaces ran.

One port serves both: PgBouncer listens on 127.0.0.2, the server on 127.0.0.1.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.contracts.blacklist import BlacklistContract
from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.outbox import OutboxContract
from tests.contracts.provider_states import ProviderStatesContract
from tests.integration.conftest import postgres_target
from tests.integration.persistence.database import Database
from tests.postgres import PostgresServer, libpq
from tests.processes import Client, provided, running_gateway, running_simulator

POOLER = "127.0.0.2"
SCHEMA = "My-Schema"
START_S = 30.0


@contextmanager
def pgbouncer(folder: Path, server: PostgresServer) -> Iterator[None]:
    """Run PgBouncer in front of a server for as long as the block lasts."""
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    assert program is not None
    port = server.url.port
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={server.url.host} port={port} user=habar\n"
        f"[pgbouncer]\nlisten_addr = {POOLER}\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\nauth_file = {folder}/users\npool_mode = transaction\n"
        "default_pool_size = 3\nmax_client_conn = 200\nserver_reset_query =\n"
    )
    (folder / "users").write_text('"habar" ""\n')
    folder.chmod(0o755)
    owner: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:  # it refuses to run as root
        owner |= {"user": 65534, "group": 65534, "extra_groups": []}
    process = subprocess.Popen(  # noqa: S603 - our own words
        [program, "-q", config], stderr=subprocess.DEVNULL, **owner
    )
    try:
        _wait(f"host={POOLER} port={port} user=habar dbname=postgres")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def pooled(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """The server, with PgBouncer before it."""
    if shutil.which("pgbouncer") is None and not Path("/usr/sbin/pgbouncer").is_file():
        reason = "NO PGBOUNCER: the way through it is not tested; apt install pgbouncer"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    if postgres_server.data is None:
        pytest.skip("the server is not ours to put PgBouncer before")
    folder = Path("/tmp") / f"habar-pgbouncer-{os.getpid()}"  # noqa: S108 - open to nobody
    folder.mkdir()
    try:
        with pgbouncer(folder, postgres_server):
            yield postgres_server
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def lasting_target(pooled: PostgresServer) -> DatabaseTarget:
    """A database all tests share; each begins by emptying it."""
    url = postgres_target(pooled).url
    return DatabaseTarget(url=url.set(host=POOLER), admin_url=url, schema=SCHEMA)


@pytest.fixture
def target(lasting_target: DatabaseTarget) -> DatabaseTarget:
    return lasting_target


class TestOutboxThroughPgBouncer(Database, OutboxContract):
    pass


class TestProviderStatesThroughPgBouncer(Database, ProviderStatesContract):
    pass


class TestIdempotencyThroughPgBouncer(Database, IdempotencyContract):
    pass


class TestBlacklistThroughPgBouncer(Database, BlacklistContract):
    pass


def test_the_whole_service_runs_through_it(tmp_path: Path, pooled: PostgresServer) -> None:
    name = f"habar_pooled_{os.getpid()}"
    direct = pooled.url.set(database=name)
    with running_simulator(tmp_path / "simulator") as simulator:
        settings = provided(
            simulator.url,
            PG_HOST=POOLER,
            PG_REAL_HOST=str(pooled.url.host),
            PG_PORT=str(pooled.url.port),
            PG_DATABASE=name,
            PG_SCHEMA=SCHEMA,
            PG_USER="habar",
        )
        with (
            running_gateway(tmp_path / "gateway", **settings) as gateway,
            Client(gateway, simulator) as client,
        ):
            client.post("/blacklist", phone="77019999999")
            assert client.post("/sms", phones="77019999999", message="Hi")["status"] is False
            with ThreadPoolExecutor(20) as callers:
                answers = list(callers.map(lambda n: _send(client, n), range(200)))
            assert {answer["status"] for answer in answers} == {True}
            assert len(client.sent()) == 200
            (row,) = answers[0]["content"]["messages"]
            assert client.message(row["id"])["status"] == "submitted"
            assert _left_over(pooled, name) == 0
            assert gateway.stop() == 0
            assert "Traceback" not in gateway.output
    with psycopg.connect(libpq(direct)) as connection:
        query = f'SELECT status, count(*) FROM "{SCHEMA}".sms_messages GROUP BY 1'  # noqa: S608 - our own name
        counts: dict[str, int] = dict(connection.execute(query.encode()).fetchall())
    assert counts == {"submitted": 200, "blocked": 1}


def _send(client: Client, number: int) -> dict[str, Any]:
    return client.post("/sms", phones=f"7701{number:07d}", message="Hi")


def _left_over(server: PostgresServer, name: str) -> int:
    """Count the prepared statements on the connections PgBouncer keeps to the server."""
    address = f"host={POOLER} port={server.url.port} user=habar dbname={name}"
    found = 0
    for _ in range(10):
        with psycopg.connect(address, prepare_threshold=None) as connection:
            row = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
            assert row is not None
            found += row[0]
    return found
