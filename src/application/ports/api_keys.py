"""The keys callers were given."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.api_key import ApiKey


class ApiKeys(Protocol):
    """API keys, revoked and expired ones included.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def all(self) -> Sequence[ApiKey]:
        """Return every key, the oldest first."""
        ...

    async def find(self, key_id: UUID) -> ApiKey | None:
        """Return a key, or ``None`` when there is none."""
        ...

    async def add(self, key: ApiKey) -> None:
        """Write a new key."""
        ...

    async def update(self, key: ApiKey) -> None:
        """Write what a key has become; there is one with its id."""
        ...
