"""The fake counts keep the contract of what they stand in for."""

from datetime import datetime, timedelta

import pytest

from application.ports.counters import Counters
from domain.message import MessageStatus
from tests.contracts.counters import CountersContract, Store
from tests.fakes.counters import Counted, MemoryCounters


class TestMemoryCounters(CountersContract):
    @pytest.fixture
    def counters(self) -> Counters:
        return MemoryCounters()

    @pytest.fixture
    def store(self, counters: Counters) -> Store:
        assert isinstance(counters, MemoryCounters)
        messages = counters.messages

        async def store(
            at: datetime,
            *,
            provider: str = "smscru",
            status: MessageStatus = MessageStatus.DELIVERED,
            wait: timedelta = timedelta(),
            name: int | None = None,
        ) -> None:
            messages[len(messages) if name is None else -name] = Counted(
                at=at, provider=provider, status=status, wait=wait
            )

        return store
