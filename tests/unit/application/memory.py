"""Contracts of what is kept beside an outbox, in memory."""

import pytest

from adapters.clock import SystemClock
from tests.fakes import MemoryIdempotency, MemoryMessages, MemoryOutbox, MemoryProviderStates


class InMemory:
    """An outbox, and what else speaks of its messages."""

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
