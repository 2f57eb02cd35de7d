"""What every test shares."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.log_scan import LogScan, scanning
from tests.planted import planted_in

settings.register_profile(
    "habar",
    deadline=None,  # a shared machine stalls now and then; that is no failure
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile("habar")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def log_scan(request: pytest.FixtureRequest) -> Iterator[LogScan]:
    """Fail the test in whose time a log held a full number, a text or a secret."""
    with scanning(planted_in(request.path)) as scan:
        yield scan
        scan.read_processes()
    scan.refuse()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: the last one would have a processor to itself."""
    items.sort(key=lambda item: "/processes/" not in item.nodeid)
