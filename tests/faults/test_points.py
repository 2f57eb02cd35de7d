"""Killed at each point of a message's way."""

from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.points import Points, Resends
from tests.integration.conftest import sqlite_target


class TestOnSqlite(Points):
    @pytest.fixture
    def target(self, tmp_path: Path) -> DatabaseTarget:
        """The next start takes over at once."""
        return sqlite_target(tmp_path)


class TestOnPostgres(Points):
    @pytest.fixture
    def target(self, postgres: DatabaseTarget) -> DatabaseTarget:
        """A lease has to run out first."""
        return postgres


class TestSentAgain(Resends):
    """On both databases."""
