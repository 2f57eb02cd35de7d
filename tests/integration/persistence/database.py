"""Everything that stands on one real database, for the contracts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
import sqlalchemy as sa

from adapters.clock import SystemClock
from adapters.ids import TimeOrderedIds
from adapters.persistence.bell import Bell
from adapters.persistence.blacklist import SqlBlacklist
from adapters.persistence.blacklist_entries import SqlBlacklistEntries
from adapters.persistence.blacklist_lookup import PostgresLookup, SqliteLookup
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.idempotency import SqlIdempotency
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.postgres_bell import PostgresBell
from adapters.persistence.postgres_outbox import PostgresOutbox
from adapters.persistence.provider_states import SqlProviderStates
from adapters.persistence.sqlite_outbox import SqliteOutbox
from adapters.persistence.storage import SqlStorage
from adapters.persistence.tables import idempotency_keys, metadata
from application.ports.blacklist import BlacklistEntries, BlacklistRepository
from application.ports.idempotency import IdempotencyRepository
from application.ports.outbox import Outbox
from application.ports.provider_states import ProviderStates
from application.ports.repositories import MessageRepository


class Process:
    """One process on a database that is migrated."""

    def __init__(self, target: DatabaseTarget, engines: Engines, commits: GroupCommit) -> None:
        self.target, self.engines, self.commits = target, engines, commits
        self.owner, self.clock = uuid4(), SystemClock()

    @property
    def keys(self) -> SqlIdempotency:
        return SqlIdempotency(self.commits, self.engines.reader, self.owner, self.clock)

    async def outbox(self, stack: AsyncExitStack) -> Outbox:
        """Make its outbox, which is closed with the stack."""
        ids = TimeOrderedIds()
        if self.target.schema is None:
            return SqliteOutbox(self.commits, self.owner, Bell(), self.clock, ids)
        bell = PostgresBell(self.target, Bell())
        await bell.open()
        stack.push_async_callback(bell.close)
        engine = self.engines.reader
        outbox = PostgresOutbox(engine, self.target.schema, self.owner, bell, ids)
        stack.push_async_callback(outbox.close)
        return outbox


class Database:
    """The fixtures of the contracts; the tests' own ``target`` says where."""

    @pytest.fixture
    def engines(self, target: DatabaseTarget) -> Engines:
        return open_engines(target)

    @pytest.fixture
    def commits(self, engines: Engines) -> GroupCommit:
        return GroupCommit(engines.writer)

    @pytest.fixture
    def lookup(self, target: DatabaseTarget, engines: Engines) -> PostgresLookup | SqliteLookup:
        path = target.sqlite_path
        return PostgresLookup(engines.reader) if path is None else SqliteLookup(path)

    @pytest.fixture
    async def storage(
        self,
        target: DatabaseTarget,
        engines: Engines,
        commits: GroupCommit,
        lookup: PostgresLookup | SqliteLookup,
    ) -> AsyncIterator[SqlStorage]:
        storage = SqlStorage(target, engines, commits, lookup)
        await storage.open()
        await engines.writer.run(_empty)
        yield storage
        await storage.close()

    @pytest.fixture
    async def stack(self, storage: SqlStorage) -> AsyncIterator[AsyncExitStack]:
        """What is closed before the database."""
        del storage
        async with AsyncExitStack() as stack:
            yield stack

    @pytest.fixture
    def process(
        self, storage: SqlStorage, target: DatabaseTarget, engines: Engines, commits: GroupCommit
    ) -> Process:
        del storage
        return Process(target, engines, commits)

    @pytest.fixture
    async def outbox(self, process: Process, stack: AsyncExitStack) -> Outbox:
        return await process.outbox(stack)

    @pytest.fixture
    async def other(self, process: Process, stack: AsyncExitStack) -> Outbox:
        return await Process(process.target, process.engines, process.commits).outbox(stack)

    @pytest.fixture
    def reader(self, process: Process) -> MessageRepository:
        return SqlMessageRepository(process.engines.reader)

    @pytest.fixture
    def states(self, process: Process) -> ProviderStates:
        return SqlProviderStates(process.commits, process.engines.reader, process.clock)

    @pytest.fixture
    def keys(self, process: Process) -> IdempotencyRepository:
        return process.keys

    @pytest.fixture
    def blacklist(
        self, process: Process, lookup: PostgresLookup | SqliteLookup
    ) -> BlacklistRepository:
        return SqlBlacklist(process.commits, process.engines.reader, lookup, process.clock)

    @pytest.fixture
    def entries(self, process: Process) -> BlacklistEntries:
        return SqlBlacklistEntries(process.commits, process.engines.reader, process.clock)

    @pytest.fixture
    def orphan(self, process: Process) -> Callable[[], Awaitable[None]]:
        """What has a minute pass; the process that served them lives on."""
        orphaned = sa.update(idempotency_keys).values(running_until=process.clock.now())

        async def run() -> None:
            await process.engines.writer.run(lambda connection: connection.execute(orphaned))

        return run


def _empty(connection: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        connection.execute(sa.delete(table))
