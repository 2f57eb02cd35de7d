"""What every test shares."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "habar",
    deadline=None,  # a shared machine stalls now and then; that is no failure
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile("habar")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: the last one would have a processor to itself."""
    items.sort(key=lambda item: "/processes/" not in item.nodeid)
