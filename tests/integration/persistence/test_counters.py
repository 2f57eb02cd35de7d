"""Counts of messages, on both databases."""

from datetime import datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from adapters.persistence.counters import SqlCounters
from adapters.persistence.names import first_name
from adapters.persistence.tables import messages
from application.ports.counters import Counters
from domain.message import MessageStatus
from tests.contracts.counters import CountersContract, Store
from tests.integration.persistence.database import Database, Process

_numbers = count(100)


class TestCounters(Database, CountersContract):
    @pytest.fixture
    def counters(self, process: Process) -> Counters:
        return SqlCounters(process.commits, process.engines.reader)

    @pytest.fixture
    def store(self, process: Process, counters: Counters) -> Store:
        del counters

        async def store(
            at: datetime,
            *,
            provider: str = "smscru",
            status: MessageStatus = MessageStatus.DELIVERED,
            wait: timedelta = timedelta(),
            name: int | None = None,
        ) -> None:
            number = next(_numbers) if name is None else name
            message_id = type(first_name(at))(int=first_name(at).int + number)
            row = {
                "id": message_id,
                "request_id": message_id,
                "phone": "77011234567",
                "provider": provider,
                "status": status,
                "segments": 1,
                "encoding": "gsm-7",
                "attempts": 1,
                "created_at": at,
                "updated_at": at + wait,
                "due_at": at,
                "attempted_at": at,
            }

            def write(connection: sa.Connection) -> None:
                connection.execute(sa.delete(messages).where(messages.c.id == message_id))
                connection.execute(sa.insert(messages).values(row))

            await process.engines.writer.run(write)

        return store
