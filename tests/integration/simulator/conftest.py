"""A simulator that listens, and a client that speaks to it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from entrypoints.simulator.app import serve_simulator
from tests.integration.simulator.client import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serve_simulator() as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)


@pytest.fixture(scope="module")
async def lasting_client() -> AsyncIterator[Client]:
    """For properties, which try many inputs in one test."""
    async with serve_simulator() as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)
