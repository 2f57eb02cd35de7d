"""What can be wrong with a PostgreSQL server, made wrong for real."""

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import migrate
from entrypoints.doctor.database import check_database
from entrypoints.doctor.finding import Finding, Level
from tests.integration.conftest import migrated_target, postgres_target
from tests.integration.processes.examination import DUMMY, examined, told, wrong
from tests.postgres import PostgresServer, libpq, running_server
from tests.processes import stored


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a ``.env``."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def durable_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server that keeps what it has written, unlike the one most tests share."""
    if postgres_server.data is None:
        pytest.skip("the server is not ours to set up")
    with running_server(fsync=True) as server:
        yield server


@pytest.fixture
def target(durable_server: PostgresServer) -> DatabaseTarget:
    return _migrated(durable_server)


def _migrated(server: PostgresServer) -> DatabaseTarget:
    target = postgres_target(server)
    migrate(target)
    return target


def test_a_durable_server_is_well(place: Path, target: DatabaseTarget) -> None:
    code, findings = examined(place, "--offline", **DUMMY, **stored(target))
    assert code == 0, findings
    assert "durability: " in told(findings, "ok")


def test_a_server_without_fsync_is_told(place: Path, postgres_server: PostgresServer) -> None:
    if postgres_server.data is None:
        pytest.skip("the server is not ours, and may well be durable")
    said = wrong(place, "--offline", **DUMMY, **stored(migrated_target(postgres_server)))
    assert "durability: fsync is off" in said
    assert "command line" in said


def test_a_setting_of_the_whole_server_is_told(
    place: Path, target: DatabaseTarget, durable_server: PostgresServer
) -> None:
    with _altered(durable_server.url, "full_page_writes", "off"):
        said = wrong(place, "--offline", **DUMMY, **stored(target))
    assert "durability: full_page_writes is off" in said
    assert "ALTER SYSTEM SET full_page_writes = on" in said


@pytest.mark.parametrize("value", ["off", "local"])
def test_a_setting_of_the_database_is_told(place: Path, target: DatabaseTarget, value: str) -> None:
    name = target.url.database
    _execute(target.url, f'ALTER DATABASE "{name}" SET synchronous_commit = {value}')
    said = wrong(place, "--offline", **DUMMY, **stored(target))
    assert f"durability: synchronous_commit is {value}" in said
    assert f"ALTER DATABASE {name} RESET synchronous_commit" in said


def test_a_setting_of_the_role_is_told(place: Path, target: DatabaseTarget) -> None:
    name, role = target.url.database, f"Role {os.getpid()}"
    _execute(target.url, f'CREATE ROLE "{role}" LOGIN SUPERUSER')
    theirs = {**DUMMY, "DATABASE_URL": libpq(target.url.set(username=role))}
    for whom in (f'ROLE "{role}"', f'ROLE "{role}" IN DATABASE {name}'):
        _execute(target.url, f"ALTER {whom} SET synchronous_commit = off")
        said = wrong(place, "--offline", **theirs)
        assert "durability: synchronous_commit is off" in said
        assert f"ALTER {whom} RESET synchronous_commit" in said
        _execute(target.url, f"ALTER {whom} RESET synchronous_commit")
    assert examined(place, "--offline", **theirs)[0] == 0


def test_a_setting_of_the_address_is_told(place: Path, target: DatabaseTarget) -> None:
    url = target.url.update_query_dict({"options": "-c synchronous_commit=off"})
    said = wrong(place, "--offline", **DUMMY, DATABASE_URL=libpq(url))
    assert "durability: synchronous_commit is off" in said
    assert "DATABASE_URL" in said


def test_a_table_that_a_crash_empties_is_told(place: Path, target: DatabaseTarget) -> None:
    _execute(target.url, "ALTER TABLE sms_blacklist SET UNLOGGED")
    said = wrong(place, "--offline", **DUMMY, **stored(target))
    assert "durability: a crash of the server empties sms_blacklist" in said
    assert "ALTER TABLE" in said


def test_a_database_that_takes_nothing_is_told(place: Path, target: DatabaseTarget) -> None:
    name = target.url.database
    _execute(target.url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    said = wrong(place, "--offline", **DUMMY, **stored(target))
    assert "database: default_transaction_read_only is on" in said
    assert f"ALTER DATABASE {name} RESET default_transaction_read_only" in said


def test_a_role_without_rights_is_told(place: Path, target: DatabaseTarget) -> None:
    role = f"guest_{os.getpid()}"
    _execute(target.url, f"CREATE ROLE {role} LOGIN")
    _execute(target.url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    theirs = {**DUMMY, "DATABASE_URL": libpq(target.url.set(username=role))}
    said = wrong(place, "--offline", **theirs)
    assert f"{role} may not write into" in said
    assert "sms_messages" in said
    assert "GRANT" in said


def test_a_database_for_latin_letters_is_told(place: Path, durable_server: PostgresServer) -> None:
    name = f"latin_{os.getpid()}"
    _execute(durable_server.url, f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0")
    url = durable_server.url.set(database=name)
    said = wrong(place, "--offline", **DUMMY, DATABASE_URL=libpq(url))
    assert "database: its encoding is LATIN1" in said
    assert "UTF8" in said


def test_a_table_that_is_locked_is_not_waited_for(place: Path, target: DatabaseTarget) -> None:
    with psycopg.connect(libpq(target.url)) as connection:
        connection.execute("LOCK TABLE sms_alembic_version IN ACCESS EXCLUSIVE MODE")
        said = wrong(place, "--offline", **DUMMY, **stored(target))
    assert "locked" in said
    assert "pg_locks" in said


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with _silent_server() as port:
        url = sa.make_url(f"postgresql://habar@127.0.0.1:{port}/habar")
        found = check_database(DatabaseTarget(url=url, admin_url=url), limit_s=2)
    assert _problems(found)
    assert "DATABASE_URL" in _problems(found)


def _problems(findings: list[Finding]) -> str:
    return "\n".join(f"{f.text} {f.fix}" for f in findings if f.level is Level.PROBLEM)


def _execute(url: sa.URL, *statements: str) -> None:
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def _altered(url: sa.URL, name: str, value: str) -> Iterator[None]:
    """Change a setting of the whole server for as long as the block lasts."""
    _reloaded(url, f"ALTER SYSTEM SET {name} = {value}")
    try:
        yield
    finally:
        _reloaded(url, f"ALTER SYSTEM RESET {name}")


def _reloaded(url: sa.URL, statement: str) -> None:
    """Have a server read its settings again, and wait until who connects next gets them."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        before = connection.execute("SELECT pg_conf_load_time()").fetchone()
        connection.execute(statement.encode())
        connection.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 60
        while _loaded(url) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _loaded(url: sa.URL) -> tuple[object, ...] | None:
    with psycopg.connect(libpq(url)) as connection:
        return connection.execute("SELECT pg_conf_load_time()").fetchone()


@contextmanager
def _silent_server() -> Iterator[int]:
    """Let a client in as PostgreSQL does, and answer nothing more, as a pooler whose server died.

    Source: PostgreSQL manual, "Message Flow": ``R`` with 0 lets in, ``Z`` is ready.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        connections: list[socket.socket] = []

        def let_in() -> None:
            connection, _ = listener.accept()
            connections.append(connection)
            connection.recv(1024)
            connection.sendall(b"R\0\0\0\x08\0\0\0\0" + b"Z\0\0\0\x05I")

        threads.submit(let_in)
        try:
            yield int(listener.getsockname()[1])
        finally:
            for connection in connections:
                connection.close()
