"""The log of receipts in memory keeps the contract of the real ones."""

import pytest

from tests.contracts.receipts import ReceiptLogContract
from tests.fakes import MemoryOutbox
from tests.fakes.receipts import MemoryReceiptLog
from tests.unit.application.memory import InMemory


class TestMemoryReceiptLog(InMemory, ReceiptLogContract):
    @pytest.fixture
    def log(self, outbox: MemoryOutbox) -> MemoryReceiptLog:
        return MemoryReceiptLog(outbox, poll_s=0.0)
