"""API keys, on both databases."""

import pytest

from adapters.persistence.api_keys import SqlApiKeys
from application.ports.api_keys import ApiKeys
from tests.contracts.api_keys import ApiKeysContract
from tests.integration.persistence.database import Database, Process


class TestApiKeys(Database, ApiKeysContract):
    @pytest.fixture
    def api_keys(self, process: Process) -> ApiKeys:
        return SqlApiKeys(process.commits, process.engines.reader)
