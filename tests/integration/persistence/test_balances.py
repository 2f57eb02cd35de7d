"""What providers said of their money, on both databases."""

import pytest

from adapters.persistence.balances import SqlBalanceLog
from application.ports.balances import BalanceLog
from tests.contracts.balances import BalanceLogContract
from tests.integration.persistence.database import Database, Process


class TestBalanceLog(Database, BalanceLogContract):
    @pytest.fixture
    def log(self, process: Process) -> BalanceLog:
        return SqlBalanceLog(process.commits, process.engines.reader)
