"""How the databases are opened: durable, and fit for what stands between."""

import asyncio
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from adapters.persistence import checkpoint
from adapters.persistence.blacklist_lookup import PostgresLookup, SqliteLookup
from adapters.persistence.checkpoint import Checkpointer
from adapters.persistence.engines import BUSY_TIMEOUT_S, READERS, WRITERS, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.single_process import SingleProcess
from adapters.persistence.storage import SqlStorage
from application.errors import SettingsError, StorageUnavailableError
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer, libpq

PAGE_BYTES = 4096


async def ask(engines: Engines, *statements: str) -> list[object]:
    return await engines.writer.run(
        lambda connection: [connection.exec_driver_sql(s).scalar() for s in statements]
    )


async def close(engines: Engines) -> None:
    await engines.writer.close()
    await engines.reader.dispose()


# SQLite.


async def test_sqlite_flushes_every_commit_to_the_disk(tmp_path: Path) -> None:
    engines = open_engines(sqlite_target(tmp_path))
    names = ("journal_mode", "synchronous", "busy_timeout", "wal_autocheckpoint")
    found = await ask(engines, *(f"PRAGMA {name}" for name in names))
    assert found == ["wal", 2, BUSY_TIMEOUT_S * 1000, 0]
    await close(engines)


async def test_sqlite_readers_cannot_write(tmp_path: Path) -> None:
    engines = open_engines(sqlite_target(tmp_path))
    await ask(engines, "SELECT 1")
    async with engines.reader.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar() == 10_000
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            await connection.exec_driver_sql("CREATE TABLE t (n)")
    await close(engines)


async def test_sqlite_writers_hold_the_lock_before_they_read(tmp_path: Path) -> None:
    target = sqlite_target(tmp_path)
    engines = open_engines(target)

    def interfere(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SELECT 1")
        with (
            closing(sqlite3.connect(str(target.sqlite_path), timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("CREATE TABLE t (n)")

    await engines.writer.run(interfere)
    await close(engines)


async def test_sqlite_reads_go_on_while_it_is_written(tmp_path: Path) -> None:
    target = sqlite_target(tmp_path)
    engines = open_engines(target)
    path = target.sqlite_path
    assert path is not None
    storage = SqlStorage(target, engines, GroupCommit(engines.writer), SqliteLookup(path))
    await storage.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO sms_blacklist (phone) VALUES ('77011234567')")
        async with asyncio.timeout(8):
            assert await storage.problem() is None
            assert await SqlMessageRepository(engines.reader).message(uuid4()) is None
        other.execute("ROLLBACK")
    await storage.close()


async def test_the_log_of_sqlite_does_not_grow_while_messages_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.02)
    monkeypatch.setattr(checkpoint, "LONG_LOG_PAGES", 500)
    target = sqlite_target(tmp_path)
    path = target.sqlite_path
    assert path is not None
    engines = open_engines(target)
    commits = GroupCommit(engines.writer)
    checkpointer = Checkpointer(path)
    log, longest, transactions = path.with_name(f"{path.name}-wal"), 0, 600

    def insert(connection: sa.Connection, items: Sequence[None]) -> Sequence[None]:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (n blob)")
        connection.execute(sa.text("INSERT INTO t VALUES (zeroblob(:n))"), {"n": 20 * PAGE_BYTES})
        return items

    await commits.run(insert, None)
    checkpointer.start()
    for _ in range(transactions):
        await commits.run(insert, None)
        longest = max(longest, log.stat().st_size)
        await asyncio.sleep(0.002)  # a writer without any pause is a test of luck
    assert path.stat().st_size > transactions * 5 * PAGE_BYTES
    assert longest < transactions * 10 * PAGE_BYTES
    await commits.close()
    await checkpointer.close()
    await engines.reader.dispose()


def test_a_folder_that_is_made_for_the_file_is_nobody_elses(tmp_path: Path) -> None:
    process = SingleProcess(tmp_path / "new" / "habar.db")
    process.acquire()
    process.release()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_file_has_one_process_at_a_time(tmp_path: Path) -> None:
    first, second = (SingleProcess(tmp_path / "new" / "habar.db") for _ in range(2))
    first.acquire()
    with pytest.raises(SettingsError, match=r"another process is using .*/habar\.db; stop it"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


# PostgreSQL.


async def test_postgres_leaves_no_statement_prepared(postgres_server: PostgresServer) -> None:
    engines = open_engines(postgres_target(postgres_server))
    for _ in range(20):
        await ask(engines, "SELECT 1")
    found = await ask(
        engines,
        "SELECT count(*) FROM pg_prepared_statements",
        "SHOW application_name",
        "SHOW synchronous_commit",
    )
    assert found == [0, "habar", "on"]
    await close(engines)


async def test_postgres_without_a_free_connection_is_away(postgres_server: PostgresServer) -> None:
    engines = open_engines(postgres_target(postgres_server))
    engines.reader.sync_engine.pool._timeout = 0.2  # type: ignore[attr-defined] # noqa: SLF001 - half a minute is too long for a test
    held = [await engines.reader.connect() for _ in range(2 * READERS + WRITERS)]
    with pytest.raises(StorageUnavailableError):
        await SqlMessageRepository(engines.reader).message(uuid4())
    for connection in held:
        await connection.close()
    await close(engines)


async def test_postgres_that_forgets_is_refused(postgres_server: PostgresServer) -> None:
    target = postgres_target(postgres_server)
    with psycopg.connect(libpq(target.url), autocommit=True) as connection:
        statement = f'ALTER DATABASE "{target.url.database}" SET synchronous_commit = off'
        connection.execute(statement.encode())
    engines = open_engines(target)
    storage = SqlStorage(
        target, engines, GroupCommit(engines.writer), PostgresLookup(engines.reader)
    )
    with pytest.raises(SettingsError, match="synchronous_commit is off"):
        await storage.open()
    await storage.close()
