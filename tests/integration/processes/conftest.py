"""One simulator and one gateway on each database, for all tests of a module."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.integration.conftest import postgres_target, sqlite_target
from tests.processes import Client, Program, provided, running_gateway, running_simulator, stored

_folders = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("habar")


@pytest.fixture(scope="module")
def simulator(folder: Path) -> Iterator[Program]:
    with running_simulator(folder / "simulator") as simulator:
        yield simulator


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def lasting_target(request: pytest.FixtureRequest, folder: Path) -> DatabaseTarget:
    """A database that all tests of the module use."""
    if request.param == "sqlite":
        place = folder / f"sqlite-{next(_folders)}"
        place.mkdir()
        return sqlite_target(place)
    return postgres_target(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="module")
def lasting_gateway(
    folder: Path, simulator: Program, lasting_target: DatabaseTarget
) -> Iterator[Program]:
    settings = provided(
        simulator.url,
        **stored(lasting_target),
        SMSCRU_TIMEOUT="1",
        TWILIO_TIMEOUT="1",
        TWILIO_CONCURRENCY="4",
        EPOCHTASMSRU_TIMEOUT="1",
        EPOCHTASMSRU_CONCURRENCY="4",
        MOBIZONKZ_TIMEOUT="1",
        API_KEYS="",
    )
    with running_gateway(folder / f"gateway-{next(_folders)}", **settings) as gateway:
        yield gateway


@pytest.fixture
def place(folder: Path) -> Path:
    """A folder for the processes of one test."""
    return folder / f"place-{next(_folders)}"


@pytest.fixture
def provider(simulator: Program) -> Iterator[Client]:
    """A hand on the providers, who behave and have seen nothing."""
    with Client(simulator, simulator) as client:
        client.forget()
        yield client
        client.forget()


@pytest.fixture
def client(lasting_gateway: Program, simulator: Program) -> Iterator[Client]:
    with Client(lasting_gateway, simulator) as client:
        client.forget()
        yield client
