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

    async def revoke(self, key: ApiKey) -> bool:
        """Write when a key was revoked, and nothing else of it.

        Returns:
            Whether it was there, and not revoked already.
        """
        ...

    async def rotate(self, key: ApiKey) -> bool:
        """Write the secrets of a key that was rotated, and nothing else of it.

        Returns:
            Whether it was still there as it was before: neither revoked nor rotated meanwhile.
        """
        ...
