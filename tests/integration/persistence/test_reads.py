"""Reading from a server that does not answer."""

import asyncio
import os
import signal
from uuid import uuid4

import pytest
import sqlalchemy as sa

from adapters.persistence import reads
from adapters.persistence.engines import open_engines
from adapters.persistence.messages import SqlMessageRepository
from application.errors import StorageUnavailableError
from tests.integration.conftest import postgres_target
from tests.postgres import PostgresServer


async def test_a_server_that_stands_still_is_given_up(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "TIMEOUT_S", 0.5)
    engine = open_engines(postgres_target(postgres_server)).reader
    async with engine.connect() as connection:
        pid = (await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(30):  # the driver itself tries for 5 s to cancel the query
            with pytest.raises(StorageUnavailableError):
                await SqlMessageRepository(engine).message(uuid4())
    finally:
        os.kill(pid, signal.SIGCONT)
    await engine.dispose()
