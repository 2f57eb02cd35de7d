"""API keys in a dictionary."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from application.errors import StorageUnavailableError
from domain.api_key import ApiKey


class MemoryApiKeys:
    """API keys.

    Attributes:
        kept: by id.
        reads: how often all were read.
        away: the database cannot be reached.
    """

    def __init__(self, *keys: ApiKey) -> None:
        self.kept = {key.id: key for key in keys}
        self.reads = 0
        self.away = False

    async def all(self) -> Sequence[ApiKey]:
        self.reads += 1
        if self.away:
            raise StorageUnavailableError("database: away")
        return [self.kept[key_id] for key_id in sorted(self.kept)]

    async def find(self, key_id: UUID) -> ApiKey | None:
        return self.kept.get(key_id)

    async def add(self, key: ApiKey) -> None:
        self.kept[key.id] = key

    async def revoke(self, key: ApiKey) -> bool:
        kept = self.kept.get(key.id)
        if kept is None or kept.revoked_at is not None:
            return False
        self.kept[key.id] = replace(kept, revoked_at=key.revoked_at)
        return True

    async def rotate(self, key: ApiKey) -> bool:
        kept = self.kept.get(key.id)
        if kept is None or kept.revoked_at is not None or kept.current != key.previous:
            return False
        self.kept[key.id] = replace(
            kept, current=key.current, previous=key.previous, previous_until=key.previous_until
        )
        return True
