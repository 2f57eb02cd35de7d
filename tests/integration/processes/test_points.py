"""Killed at each point of a message's way, on SQLite, where the next start takes over at once."""

from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.points import Points
from tests.integration.conftest import sqlite_target


class TestOnSqlite(Points):
    @pytest.fixture
    def target(self, tmp_path: Path) -> DatabaseTarget:
        return sqlite_target(tmp_path)
