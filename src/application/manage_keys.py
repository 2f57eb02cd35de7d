"""Who gets a key, and who loses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import UUID

from application.ports.api_keys import ApiKeys
from application.ports.system import Clock, Ids
from domain.api_key import BEGINNING, ApiKey, ApiKeyError, KeyPrint, Network
from domain.caller import Scope

_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What a key is to be.

    Attributes:
        expires_at: aware.
        networks: where it may be used from; empty is everywhere.
        rate: requests a second.
    """

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None
    networks: tuple[Network, ...] = ()
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key the only time it can be shown.

    Attributes:
        text: ``hbr_`` and 256 random bits.
    """

    key: ApiKey
    text: str


class ManageKeys:
    """Keys are created, listed, revoked and rotated."""

    def __init__(self, keys: ApiKeys, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def all(self) -> Sequence[ApiKey]:
        """Return every key, the oldest first."""
        return await self._keys.all()

    async def create(self, wanted: NewKey) -> IssuedKey:
        """Make a key.

        Raises:
            ApiKeyError: there cannot be such a key.
        """
        now, text = self._clock.now(), _random_key()
        if wanted.expires_at is not None and wanted.expires_at <= now:
            raise ApiKeyError("The key would have expired before it is made.")
        key = ApiKey(
            id=self._ids.new(),
            name=wanted.name,
            current=KeyPrint.of(text.encode()),
            scopes=wanted.scopes,
            created_at=now,
            expires_at=wanted.expires_at,
            networks=wanted.networks,
            rate=wanted.rate,
        )
        await self._keys.add(key)
        return IssuedKey(key, text)

    async def revoke(self, key_id: UUID) -> ApiKey:
        """Take a key from whoever has it; also one that was rotated away.

        Raises:
            ApiKeyError: there is none with this id.
        """
        key = await self._found(key_id)
        if key.revoked_at is None:
            await self._keys.revoke(key.revoked(self._clock.now()))
        return await self._found(key_id)

    async def rotate(self, key_id: UUID, grace: timedelta) -> IssuedKey:
        """Give a key another secret; the old one is good for a while yet.

        Raises:
            ApiKeyError: there is none with this id, it opens nothing any more, or somebody else
                changes it at the same time.
        """
        now, text = self._clock.now(), _random_key()
        key = await self._found(key_id)
        if not key.usable(now):
            raise ApiKeyError("The key is revoked or has expired; create another one.")
        key = key.rotated(KeyPrint.of(text.encode()), now + grace)
        if not await self._keys.rotate(key):
            raise ApiKeyError("Somebody else has just changed this key; see habar keys list.")
        return IssuedKey(key, text)

    async def _found(self, key_id: UUID) -> ApiKey:
        key = await self._keys.find(key_id)
        if key is None:
            raise ApiKeyError("There is no API key with this id; see habar keys list.")
        return key


def _random_key() -> str:
    return BEGINNING + token_urlsafe(_RANDOM_BYTES)
