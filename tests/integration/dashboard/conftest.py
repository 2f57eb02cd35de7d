"""A dashboard: one for a module, or a fresh one on each database for a test."""

from collections.abc import AsyncIterator

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.integration.dashboard.site import Site, a_site
from tests.integration.http.service import dummy, dummy_on


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """For tests that leave nothing behind that another one could meet."""
    async with a_site(dummy(tmp_path_factory.mktemp("habar"))) as site:
        yield site


@pytest.fixture
async def site_on(target: DatabaseTarget) -> AsyncIterator[Site]:
    """On SQLite, and on PostgreSQL."""
    async with a_site(dummy_on(target)) as site:
        yield site
