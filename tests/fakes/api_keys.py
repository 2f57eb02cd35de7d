"""API keys in a dictionary."""

from collections.abc import Sequence
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

    async def update(self, key: ApiKey) -> None:
        self.kept[key.id] = key
