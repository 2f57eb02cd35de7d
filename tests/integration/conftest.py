"""Real databases: every test that takes ``target`` runs on SQLite and on PostgreSQL."""

import itertools
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import migrate
from tests.postgres import PostgresServer, find_binaries, running_server

_names = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if find_binaries() is None and "HABAR_TEST_PG_URL" not in os.environ:
        reason = "NO POSTGRESQL: half of the storage tests do not run; see tests/postgres.py"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseTarget:
    """An empty database; PostgreSQL's is migrated already, which takes longer than copying one."""
    if request.param == "sqlite":
        return sqlite_target(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return migrated_target(server)


def sqlite_target(folder: Path) -> DatabaseTarget:
    url = sa.make_url(f"sqlite:///{folder}/habar.db")
    return DatabaseTarget(url=url, admin_url=url)


def postgres_target(server: PostgresServer) -> DatabaseTarget:
    url = server.create_database(f"habar_{os.getpid()}_{next(_names)}")
    return DatabaseTarget(url=url, admin_url=url, schema="public")


def migrated_target(server: PostgresServer) -> DatabaseTarget:
    """Make a database on PostgreSQL that is a copy of a migrated one."""
    url = server.create_database(f"habar_{os.getpid()}_{next(_names)}", _template(server))
    return DatabaseTarget(url=url, admin_url=url, schema="public")


@cache
def _template(server: PostgresServer) -> str:
    target = postgres_target(server)
    migrate(target)
    return str(target.url.database)
