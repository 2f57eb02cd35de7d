"""A simulator that listens, a client that speaks to it, and somebody it can call back."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from entrypoints.simulator.app import serve_simulator
from entrypoints.simulator.gateway import Gateway
from tests.integration.simulator.client import Client
from tests.integration.simulator.receiver import Receiver, receiving


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serve_simulator() as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)


@pytest.fixture(scope="module")
async def lasting_client() -> AsyncIterator[Client]:
    """For properties, which try many inputs in one test."""
    async with serve_simulator() as simulator, aiohttp.ClientSession() as http:
        yield Client(simulator, http)


@pytest.fixture
async def receiver(client: Client) -> AsyncIterator[Receiver]:
    """The gateway, as far as the client's simulator knows."""
    async with receiving() as receiver:
        client.simulator.addresses.gateway = Gateway(
            urls=(receiver.url,), public_url="https://sms.example.kz", retry_s=0.01
        )
        yield receiver
