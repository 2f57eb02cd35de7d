"""The outboxes against their model and their rates, on real databases."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from adapters.clock import SystemClock
from adapters.ids import TimeOrderedIds
from adapters.persistence.bell import Bell
from adapters.persistence.blacklist_lookup import PostgresLookup, SqliteLookup
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.postgres_bell import PostgresBell
from adapters.persistence.postgres_outbox import PostgresOutbox
from adapters.persistence.provider_states import SqlProviderStates
from adapters.persistence.sqlite_outbox import SqliteOutbox
from adapters.persistence.storage import SqlStorage
from adapters.persistence.tables import metadata
from tests.contracts.outbox.machine import run_machine
from tests.contracts.outbox.model import Stores
from tests.contracts.outbox.rates import Paced, Step, keep_the_rate, schedules
from tests.fakes import FixedClock
from tests.integration.conftest import sqlite_target


@asynccontextmanager
async def opened(target: DatabaseTarget) -> AsyncIterator[tuple[Engines, GroupCommit]]:
    """Open a database, empty but for its tables."""
    engines = open_engines(target)
    commits = GroupCommit(engines.writer)
    path = target.sqlite_path
    lookup = PostgresLookup(engines.reader) if path is None else SqliteLookup(path)
    storage = SqlStorage(target, engines, commits, lookup)
    await storage.open()
    await engines.writer.run(_empty)
    try:
        yield engines, commits
    finally:
        await storage.close()


def _empty(connection: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        connection.execute(sa.delete(table))


@asynccontextmanager
async def paced(target: DatabaseTarget) -> AsyncIterator[tuple[Engines, Paced]]:
    """Open two processes' outboxes on SQLite, with one clock that is moved."""
    async with opened(target) as (engines, commits):
        clock, ids = FixedClock(SystemClock().now()), TimeOrderedIds()
        one, two = (SqliteOutbox(commits, uuid4(), Bell(), clock, ids) for _ in range(2))
        yield engines, Paced(one, two, SqlProviderStates(commits, engines.reader, clock), clock)


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncIterator[Stores]:
    async with paced(sqlite_target(Path(mkdtemp(dir=folder)))) as (engines, two):
        yield Stores(two.outbox, two.other, SqlMessageRepository(engines.reader), two.clock)


@asynccontextmanager
async def on_postgres(target: DatabaseTarget) -> AsyncIterator[Stores]:
    async with opened(target) as (engines, _), AsyncExitStack() as stack:
        schema, bell = target.schema or "public", PostgresBell(target, Bell())
        one, two = (
            PostgresOutbox(engines.reader, schema, uuid4(), bell, TimeOrderedIds())
            for _ in range(2)
        )
        for outbox in (one, two):
            stack.push_async_callback(outbox.close)
        yield Stores(one, two, SqlMessageRepository(engines.reader), None)


def test_whatever_is_done_to_an_outbox_it_is_what_its_model_says(
    target: DatabaseTarget, tmp_path: Path
) -> None:
    if target.sqlite_path is None:
        run_machine(lambda: on_postgres(target), examples=8, steps=40)
    else:
        run_machine(lambda: on_sqlite(tmp_path), examples=15, steps=40)


@pytest.fixture
async def by_one_clock(tmp_path: Path) -> AsyncIterator[Paced]:
    async with paced(sqlite_target(tmp_path)) as (_, two):
        yield two


@given(schedule=schedules)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_slots_never_exceed_the_rate_in_any_window(
    by_one_clock: Paced, schedule: list[Step]
) -> None:
    await keep_the_rate(by_one_clock, schedule)
