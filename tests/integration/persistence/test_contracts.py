"""The contracts, on both databases."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from adapters.persistence.blacklist import PostgresLookup, SqlBlacklist, SqliteLookup
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.outbox import SqlOutbox
from adapters.persistence.storage import SqlStorage
from tests.contracts.blacklist import BlacklistContract
from tests.contracts.outbox import OutboxContract


@pytest.fixture
def engines(target: DatabaseTarget) -> Engines:
    return open_engines(target)


@pytest.fixture
def commits(engines: Engines) -> GroupCommit:
    return GroupCommit(engines.writer)


@pytest.fixture
def lookup(target: DatabaseTarget, engines: Engines) -> PostgresLookup | SqliteLookup:
    path = target.sqlite_path
    return PostgresLookup(engines.reader) if path is None else SqliteLookup(path)


@pytest.fixture
async def storage(
    target: DatabaseTarget,
    engines: Engines,
    commits: GroupCommit,
    lookup: PostgresLookup | SqliteLookup,
) -> AsyncIterator[SqlStorage]:
    storage = SqlStorage(target, engines, commits, lookup)
    await storage.open()
    yield storage
    await storage.close()


class TestSqlOutbox(OutboxContract):
    @pytest.fixture
    def outbox(self, storage: SqlStorage, commits: GroupCommit) -> SqlOutbox:
        del storage
        return SqlOutbox(commits, uuid4())

    @pytest.fixture
    def reader(self, storage: SqlStorage, engines: Engines) -> SqlMessageRepository:
        del storage
        return SqlMessageRepository(engines.reader)


class TestSqlBlacklist(BlacklistContract):
    @pytest.fixture
    def blacklist(
        self,
        storage: SqlStorage,
        engines: Engines,
        commits: GroupCommit,
        lookup: PostgresLookup | SqliteLookup,
    ) -> SqlBlacklist:
        del storage
        return SqlBlacklist(commits, engines.reader, lookup)
