"""What every collection of API keys must do."""

import asyncio
from abc import ABC, abstractmethod
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
ROTATED = KEY.rotated(KeyPrint.of(b"hbr_three"), NOW + timedelta(hours=1))


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

    async def test_a_revoked_key_is_the_only_one_that_changes(self, api_keys: ApiKeys) -> None:
        for key in (KEY, FULL):
            await api_keys.add(key)
        assert await api_keys.revoke(KEY.revoked(NOW))
        assert await api_keys.all() == [KEY.revoked(NOW), FULL]

    async def test_a_rotated_key_is_the_only_one_that_changes(self, api_keys: ApiKeys) -> None:
        for key in (KEY, FULL):
            await api_keys.add(key)
        assert await api_keys.rotate(ROTATED)
        assert await api_keys.all() == [ROTATED, FULL]

    async def test_a_key_is_revoked_once(self, api_keys: ApiKeys) -> None:
        await api_keys.add(KEY)
        assert await api_keys.revoke(KEY.revoked(NOW))
        assert not await api_keys.revoke(KEY.revoked(NOW + timedelta(days=1)))
        assert await api_keys.all() == [KEY.revoked(NOW)]

    async def test_a_key_revoked_meanwhile_is_not_rotated(self, api_keys: ApiKeys) -> None:
        await api_keys.add(KEY)
        await api_keys.revoke(KEY.revoked(NOW))
        assert not await api_keys.rotate(ROTATED)
        assert await api_keys.all() == [KEY.revoked(NOW)]

    async def test_a_key_rotated_meanwhile_is_revoked_as_it_is(self, api_keys: ApiKeys) -> None:
        await api_keys.add(KEY)
        await api_keys.rotate(ROTATED)
        assert await api_keys.revoke(KEY.revoked(NOW))
        assert await api_keys.all() == [ROTATED.revoked(NOW)]

    async def test_of_two_rotations_at_once_one_counts(self, api_keys: ApiKeys) -> None:
        await api_keys.add(KEY)
        other = KEY.rotated(KeyPrint.of(b"hbr_four"), NOW)
        done = await asyncio.gather(api_keys.rotate(ROTATED), api_keys.rotate(other))
        assert sorted(done) == [False, True]
        assert await api_keys.find(KEY.id) == (ROTATED if done[0] else other)

    async def test_a_key_that_is_not_there_is_neither_revoked_nor_rotated(
        self, api_keys: ApiKeys
    ) -> None:
        assert not await api_keys.revoke(KEY.revoked(NOW))
        assert not await api_keys.rotate(ROTATED)
        assert await api_keys.all() == []
