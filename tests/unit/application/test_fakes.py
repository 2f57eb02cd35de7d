"""The fakes keep the contracts of what they stand in for."""

from itertools import pairwise

import pytest

from tests.contracts.blacklist import BlacklistContract
from tests.contracts.outbox import OutboxContract
from tests.fakes import CountingIds, MemoryBlacklist, MemoryMessages, MemoryOutbox


class TestMemoryOutbox(OutboxContract):
    @pytest.fixture
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox()

    @pytest.fixture
    def reader(self, outbox: MemoryOutbox) -> MemoryMessages:
        return MemoryMessages(outbox)


class TestMemoryBlacklist(BlacklistContract):
    @pytest.fixture
    def blacklist(self) -> MemoryBlacklist:
        return MemoryBlacklist()


def test_ids_only_ever_grow() -> None:
    ids = CountingIds()
    assert all(before < after for before, after in pairwise(ids.new() for _ in range(5)))
