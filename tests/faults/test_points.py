"""Killed at each point of a message's way, on PostgreSQL, where a lease has to run out first."""

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.points import Points


class TestOnPostgres(Points):
    @pytest.fixture
    def target(self, postgres: DatabaseTarget) -> DatabaseTarget:
        return postgres
