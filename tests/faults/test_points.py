"""Killed at each point of a message's way; SQLite's short ones are in tests/integration."""

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.points import Points, Resends


class TestOnPostgres(Points):
    @pytest.fixture
    def target(self, postgres: DatabaseTarget) -> DatabaseTarget:
        """A lease has to run out first."""
        return postgres


class TestSentAgain(Resends):
    """On both databases."""
