"""A server that flushes to disk, and a simulator for each module."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer, find_binaries, running_server
from tests.processes import Client, Program, running_simulator

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if find_binaries() is None and "HABAR_TEST_PG_URL" not in os.environ:
        reason = "NO POSTGRESQL: most of the fault tests do not run; see tests/postgres.py"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with running_server(fsync=True) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseTarget:
    """An empty database."""
    if request.param == "sqlite":
        return sqlite_target(tmp_path)
    return postgres_target(request.getfixturevalue("postgres_server"))


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> DatabaseTarget:
    """An empty database that several processes can share."""
    return postgres_target(postgres_server)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def provider(simulator: Program) -> Iterator[Client]:
    """A hand on the providers, who behave and have seen nothing."""
    with Client(simulator, simulator) as client:
        client.forget()
        yield client


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / f"place-{next(_numbers)}"
