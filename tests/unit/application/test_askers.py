"""Who asked for a message is told by the name of the key."""

from datetime import UTC, datetime
from uuid import UUID

from application.askers import OF_THE_SETTINGS, Askers
from domain.api_key import ApiKey, KeyPrint
from domain.caller import Scope

KEY = ApiKey(
    id=UUID(int=7),
    name="shop",
    current=KeyPrint.of(b"habar_a-key-of-this-test"),
    scopes=frozenset({Scope.SEND}),
    created_at=datetime(2026, 11, 23, tzinfo=UTC),
)


class OneKey:
    """Where there is one key."""

    async def all(self) -> list[ApiKey]:
        return [KEY]

    async def find(self, key_id: UUID) -> ApiKey | None:
        return KEY if key_id == KEY.id else None

    async def add(self, key: ApiKey) -> None:
        raise NotImplementedError

    async def revoke(self, key: ApiKey) -> bool:
        raise NotImplementedError

    async def rotate(self, key: ApiKey) -> bool:
        raise NotImplementedError


async def test_a_key_is_told_by_its_name() -> None:
    assert await Askers(OneKey()).name(KEY.account) == "shop"


async def test_where_nobody_had_to_show_one_there_is_no_name() -> None:
    assert await Askers(OneKey()).name(None) is None


async def test_a_key_of_the_settings_has_no_name() -> None:
    assert await Askers(OneKey()).name(UUID(int=8).hex) == OF_THE_SETTINGS
    assert await Askers(OneKey()).name("none") == OF_THE_SETTINGS
