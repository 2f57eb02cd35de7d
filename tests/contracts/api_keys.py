"""What every collection of API keys must do."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest

from application.ports.api_keys import ApiKeys
from domain.api_key import ApiKey, KeyPrint
from domain.caller import Scope

NOW = datetime(2026, 11, 23, 6, 34, 43, 123456, tzinfo=UTC)
KEY = ApiKey(
    id=UUID("0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f"),
    name="Интернет-магазин",
    current=KeyPrint.of(b"hbr_one"),
    scopes=frozenset({Scope.SEND}),
    created_at=NOW,
)
FULL = ApiKey(
    id=UUID("0193578a-1c2c-7d3e-8f40-5a6b7c8d9e0f"),
    name="x" * 64,
    current=KeyPrint.of(b"hbr_two"),
    scopes=frozenset(Scope),
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
    networks=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
    rate=0.5,
    revoked_at=NOW + timedelta(days=1),
    previous=KeyPrint.of(b"hbr_zero"),
    previous_until=NOW + timedelta(hours=1),
)


class ApiKeysContract(ABC):
    """Subclass once per collection and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def api_keys(self) -> ApiKeys:
        """An empty collection."""

    async def test_there_is_none_at_first(self, api_keys: ApiKeys) -> None:
        assert await api_keys.all() == []
        assert await api_keys.find(KEY.id) is None

    async def test_keys_are_read_as_they_were_written(self, api_keys: ApiKeys) -> None:
        for key in (FULL, KEY):
            await api_keys.add(key)
        assert await api_keys.all() == [KEY, FULL]
        assert [await api_keys.find(key.id) for key in (KEY, FULL)] == [KEY, FULL]

    async def test_an_update_changes_one_key(self, api_keys: ApiKeys) -> None:
        for key in (KEY, FULL):
            await api_keys.add(key)
        changed = replace(FULL, id=KEY.id)
        await api_keys.update(changed)
        assert await api_keys.all() == [changed, FULL]
