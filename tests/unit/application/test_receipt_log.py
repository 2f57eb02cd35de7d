"""The log of receipts in memory keeps the contract of the real ones."""

import pytest

from adapters.clock import SystemClock
from tests.contracts.receipts import ReceiptLogContract
from tests.fakes import MemoryIdempotency, MemoryMessages, MemoryOutbox, MemoryProviderStates
from tests.fakes.receipts import MemoryReceiptLog


class TestMemoryReceiptLog(ReceiptLogContract):
    @pytest.fixture
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(clock=SystemClock())

    @pytest.fixture
    def other(self, outbox: MemoryOutbox) -> MemoryOutbox:
        return outbox.another()

    @pytest.fixture
    def reader(self, outbox: MemoryOutbox) -> MemoryMessages:
        return MemoryMessages(outbox)

    @pytest.fixture
    def states(self, outbox: MemoryOutbox) -> MemoryProviderStates:
        return outbox.states

    @pytest.fixture
    def keys(self, outbox: MemoryOutbox) -> MemoryIdempotency:
        return outbox.keys

    @pytest.fixture
    def log(self, outbox: MemoryOutbox) -> MemoryReceiptLog:
        return MemoryReceiptLog(outbox, poll_s=0.0)
