"""Many callers, one transaction: durable on return, and nobody pays for a neighbour."""

import asyncio
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from adapters.clock import SystemClock
from adapters.ids import TimeOrderedIds
from adapters.persistence import engines as engines_module
from adapters.persistence import transactions
from adapters.persistence.bell import Bell
from adapters.persistence.blacklist import SqlBlacklist
from adapters.persistence.blacklist_lookup import PostgresLookup
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import MAX_BATCH, MAX_WEIGHT, GroupCommit
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.postgres_bell import PostgresBell
from adapters.persistence.postgres_outbox import PostgresOutbox
from adapters.persistence.storage import SqlStorage
from application.errors import StorageUnavailableError
from domain.phone import Phone
from tests.contracts.outbox.fixtures import a_request, a_sending, settled
from tests.fakes.telemetry import HeardTelemetry
from tests.integration.conftest import postgres_target
from tests.postgres import PostgresServer, libpq, running_server, start

NUMBERS = sa.table("numbers", sa.column("number"))
BAD = -1
CALLER: ContextVar[str] = ContextVar("caller")


@pytest.fixture
def engines(target: DatabaseTarget, monkeypatch: pytest.MonkeyPatch) -> Engines:
    monkeypatch.setattr(engines_module, "BUSY_TIMEOUT_S", 1)
    monkeypatch.setattr(transactions, "TIMEOUT_S", 1.0)
    execute(target, "CREATE TABLE numbers (number integer PRIMARY KEY)")
    return open_engines(target)


@pytest.fixture
async def commits(engines: Engines) -> AsyncIterator[GroupCommit]:
    commits = GroupCommit(engines.writer)
    yield commits
    await commits.close()
    await engines.reader.dispose()


@pytest.fixture
def committed() -> Iterator[list[None]]:
    """A line for each transaction that is committed."""
    lines: list[None] = []

    def count(_: sa.Connection) -> None:
        lines.append(None)

    sa.event.listen(sa.Engine, "commit", count)
    yield lines
    sa.event.remove(sa.Engine, "commit", count)


async def test_a_transaction_of_many_is_in_the_name_of_none(commits: GroupCommit) -> None:
    found: list[str | None] = []

    def look(_: sa.Connection, items: Sequence[int]) -> Sequence[int]:
        found.append(CALLER.get(None))
        return items

    CALLER.set("the first")
    await commits.run(look, 0)
    assert found == [None]


async def test_how_many_share_a_transaction_is_told(engines: Engines) -> None:
    telemetry = HeardTelemetry()
    commits = GroupCommit(engines.writer, telemetry)
    await asyncio.gather(*(commits.run(write, number) for number in range(20)))
    sizes = telemetry.of("committed")
    assert sum(size for size in sizes if isinstance(size, int)) == 20
    assert len(sizes) < 20
    await commits.close()
    await engines.reader.dispose()


def write(connection: sa.Connection, numbers: Sequence[int]) -> Sequence[int]:
    """Write every number; one that is bad fails all."""
    if BAD in numbers:
        raise ValueError(BAD)
    connection.execute(NUMBERS.insert(), [{"number": number} for number in numbers])
    return numbers


@contextmanager
def other(target: DatabaseTarget) -> Iterator[sqlite3.Connection | psycopg.Connection]:
    """Somebody else's connection."""
    if target.sqlite_path is not None:
        with closing(sqlite3.connect(target.sqlite_path, isolation_level=None)) as connection:
            yield connection
    else:
        with psycopg.connect(libpq(target.url), autocommit=True) as connection:
            yield connection


def execute(target: DatabaseTarget, statement: str) -> None:
    with other(target) as connection:
        connection.execute(statement)


def written(target: DatabaseTarget) -> set[int]:
    with other(target) as connection:
        return {row[0] for row in connection.execute("SELECT number FROM numbers").fetchall()}


async def test_a_result_is_given_only_when_others_can_see_what_was_written(
    commits: GroupCommit, target: DatabaseTarget
) -> None:
    async def one(number: int) -> None:
        assert await commits.run(write, number) == number
        assert number in written(target)

    await asyncio.gather(*map(one, range(30)))


async def test_those_who_wait_share_a_transaction(
    commits: GroupCommit, target: DatabaseTarget, committed: list[None]
) -> None:
    await commits.run(write, 0)
    before = len(committed)
    numbers = range(1, 1 + 2 * MAX_BATCH)
    assert await asyncio.gather(*(commits.run(write, n) for n in numbers)) == list(numbers)
    assert len(committed) - before <= 3
    assert written(target) == {0, *numbers}


async def test_no_transaction_takes_more_than_a_batch(commits: GroupCommit) -> None:
    sizes: list[int] = []

    def measure(_: sa.Connection, items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    await asyncio.gather(*(commits.run(measure, n) for n in range(3 * MAX_BATCH)))
    assert max(sizes) == MAX_BATCH


async def test_heavy_items_share_a_transaction_only_as_far_as_they_are_not_too_much(
    commits: GroupCommit,
) -> None:
    batches: list[Sequence[int]] = []

    def measure(_: sa.Connection, items: Sequence[int]) -> Sequence[int]:
        batches.append(items)
        return items

    half, whole = MAX_WEIGHT // 2, MAX_WEIGHT
    weights = [half, half, half, whole, 2 * whole, 1, whole - 1, 0]
    await asyncio.gather(*(commits.run(measure, weight, weight) for weight in weights))
    expected = [[half, half], [half], [whole], [2 * whole], [1, whole - 1, 0]]
    assert batches == expected


async def test_the_neighbours_of_a_bad_item_are_written(
    commits: GroupCommit, target: DatabaseTarget
) -> None:
    numbers = [BAD if number % 7 == 3 else number for number in range(30)]
    results = await asyncio.gather(
        *(commits.run(write, number) for number in numbers), return_exceptions=True
    )
    for number, result in zip(numbers, results, strict=True):
        assert isinstance(result, ValueError) if number == BAD else result == number
    assert written(target) == set(numbers) - {BAD}


async def test_the_neighbours_of_one_the_database_refuses_are_written(
    commits: GroupCommit, target: DatabaseTarget
) -> None:
    results = await asyncio.gather(
        *(commits.run(write, number) for number in (1, 2, 2, 3)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, sa.exc.IntegrityError)]
    assert len(refused) == 1
    assert written(target) == {1, 2, 3}


async def test_kinds_of_work_are_kept_apart(commits: GroupCommit) -> None:
    def double(_: sa.Connection, items: Sequence[int]) -> Sequence[int]:
        return [2 * item for item in items]

    results = await asyncio.gather(
        *(commits.run(double if number % 2 else write, number) for number in range(20))
    )
    assert results == [number * 2 if number % 2 else number for number in range(20)]


async def test_a_caller_who_goes_away_spoils_nothing(
    commits: GroupCommit, target: DatabaseTarget
) -> None:
    tasks = [asyncio.create_task(commits.run(write, number)) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for number, result in enumerate(results):
        expected = isinstance(result, asyncio.CancelledError) if number % 3 == 0 else True
        assert expected
        assert number % 3 == 0 or result == number
    assert await commits.run(write, 99) == 99
    assert written(target) >= {99, *(n for n in range(20) if n % 3)}


async def test_who_pauses_waits_for_the_transaction_that_is_under_way_and_for_no_other(
    commits: GroupCommit,
) -> None:
    ended: list[object] = []

    async def one(number: int) -> None:
        await commits.run(write, number, MAX_WEIGHT)
        ended.append(number)

    writing = [asyncio.create_task(one(number)) for number in range(3)]
    await asyncio.sleep(0)
    pausing = [asyncio.create_task(commits.pause()) for _ in range(2)]
    await asyncio.sleep(0)
    pausing[1].cancel()
    await pausing[0]
    ended.append("paused")
    await asyncio.gather(*writing)
    assert ended == [0, "paused", 1, 2]


async def test_who_pauses_beside_nothing_gives_others_their_turn(commits: GroupCommit) -> None:
    await commits.run(write, 1)
    other = asyncio.create_task(asyncio.sleep(0))
    await commits.pause()
    await commits.pause()
    assert other.done()


async def test_closing_waits_for_what_waits(engines: Engines, target: DatabaseTarget) -> None:
    commits = GroupCommit(engines.writer)
    tasks = [asyncio.create_task(commits.run(write, number)) for number in range(600)]
    await asyncio.sleep(0)
    await commits.close()
    await engines.reader.dispose()
    assert all(task.done() for task in tasks)
    assert written(target) == set(range(600))


async def test_a_transaction_that_is_kept_waiting_gives_up(
    commits: GroupCommit, target: DatabaseTarget
) -> None:
    await commits.run(write, 1)
    with other(target) as holder:
        holder.execute("BEGIN IMMEDIATE" if target.sqlite_path else "BEGIN")
        if target.sqlite_path is None:
            holder.execute("LOCK TABLE numbers IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(30):
            with pytest.raises(StorageUnavailableError):
                await commits.run(write, 2)
        holder.execute("ROLLBACK")
    assert await commits.run(write, 3) == 3
    assert written(target) == {1, 3}


async def test_a_failure_is_told_without_its_values(
    commits: GroupCommit, target: DatabaseTarget
) -> None:
    execute(target, "DROP TABLE numbers")
    with pytest.raises((sa.exc.ProgrammingError, StorageUnavailableError)) as caught:
        await commits.run(write, 77011234567)
    assert "77011234567" not in str(caught.value)


# PostgreSQL goes away, and comes back.


async def test_a_lost_connection_is_opened_again(postgres_server: PostgresServer) -> None:
    target = postgres_target(postgres_server)
    execute(target, "CREATE TABLE numbers (number integer PRIMARY KEY)")
    engines = open_engines(target)
    commits = GroupCommit(engines.writer)
    await commits.run(write, 1)
    execute(
        target,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    with pytest.raises(StorageUnavailableError, match="database: "):
        await commits.run(write, 2)
    assert await commits.run(write, 3) == 3
    assert written(target) == {1, 3}
    await commits.close()
    await engines.reader.dispose()


async def test_a_server_that_crashes_is_survived_without_a_restart() -> None:
    with running_server(fsync=True) as server:
        if server.data is None or server.binaries is None:
            pytest.skip("the server is not ours to crash")
        target = postgres_target(server)
        engines = open_engines(target)
        commits = GroupCommit(engines.writer)
        lookup = PostgresLookup(engines.reader)
        storage = SqlStorage(target, engines, commits, lookup)
        bell = PostgresBell(target, Bell())
        outbox = PostgresOutbox(engines.reader, "public", uuid4(), bell, TimeOrderedIds())
        blacklist = SqlBlacklist(commits, engines.reader, lookup, SystemClock())
        reader = SqlMessageRepository(engines.reader)
        phone = Phone("+77011234567")
        await storage.open()
        request = a_request(2)
        first, second = (a_sending(request, number) for number in range(2))
        await outbox.accept([first], request)
        assert await blacklist.listed([phone]) == frozenset()
        assert await storage.problem() is None

        _crash(server.binaries, server.data)
        for attempt in (
            outbox.accept([second]),
            outbox.settle(settled(first)),
            blacklist.listed([phone]),
            blacklist.find(phone),
            reader.message(first.message.id),
        ):
            with pytest.raises(StorageUnavailableError):
                await asyncio.wait_for(attempt, 10)
        assert await storage.problem() is not None

        port = server.url.port
        assert port is not None
        process = start(server.binaries, server.data, port, fsync=True)
        try:
            assert await storage.problem() is None
            assert await outbox.settle(settled(first))
            await outbox.accept([second])
            assert await blacklist.listed([phone]) == frozenset()
            stored = await reader.message(first.message.id)
            assert stored is not None
            assert stored.message.status == "submitted"
            await outbox.close()
            await storage.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)


async def test_a_server_that_stands_still_is_given_up(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "TIMEOUT_S", 1.0)
    target = postgres_target(postgres_server)
    execute(target, "CREATE TABLE numbers (number integer PRIMARY KEY)")
    engines = open_engines(target)
    commits = GroupCommit(engines.writer)
    pid = await commits.run(_backend, None)
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(StorageUnavailableError):
                await commits.run(write, 1)
            assert await commits.run(write, 2) == 2
    finally:
        os.kill(pid, signal.SIGCONT)
    await commits.close()
    await engines.reader.dispose()


def _backend(connection: sa.Connection, items: Sequence[None]) -> Sequence[int]:
    return [connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()] * len(items)


def _crash(binaries: Path, data: Path) -> None:
    owner = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(  # type: ignore[call-overload] # noqa: S603 - our own words
        [binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        **owner,
    )
