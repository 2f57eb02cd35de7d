"""The fake keys keep the contract of what they stand in for."""

import pytest

from application.ports.api_keys import ApiKeys
from tests.contracts.api_keys import ApiKeysContract
from tests.fakes.api_keys import MemoryApiKeys


class TestMemoryApiKeys(ApiKeysContract):
    @pytest.fixture
    def api_keys(self) -> ApiKeys:
        return MemoryApiKeys()
