"""A gateway with the dummy provider: one for a module, or a fresh one for a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.integration.http.service import Service, dummy, dummy_on, serving


@pytest.fixture(scope="module")
async def lasting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """For tables of requests that leave nothing behind that another row could meet."""
    async with serving(dummy(tmp_path_factory.mktemp("habar"))) as service:
        yield service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A gateway with an empty database."""
    async with serving(dummy(tmp_path)) as service:
        yield service


@pytest.fixture
async def service_on(target: DatabaseTarget) -> AsyncIterator[Service]:
    """A gateway on SQLite, and one on PostgreSQL."""
    async with serving(dummy_on(target)) as service:
        yield service
