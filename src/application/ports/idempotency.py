"""Idempotency keys: what they were used for, and what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.idempotency import IdempotencyKey


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given, to be given again.

    Attributes:
        status: HTTP.
        headers: those that belong to it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key.

    Attributes:
        fingerprint: of the call it was first used for.
        request_id: of the request, where it was one.
        answer: ``None`` while the first call is being served, and when its process died of it.
        running: somebody is still serving it.
    """

    fingerprint: bytes
    request_id: UUID | None
    answer: StoredAnswer | None
    running: bool


class IdempotencyRepository(Protocol):
    """Keys are written with what they protect; here they are read and their answers added.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def find(self, account: str, key: str) -> KeyRecord | None:
        """Return what is known of a key, or ``None``."""
        ...

    async def finish(self, key: IdempotencyKey, answer: StoredAnswer) -> None:
        """Keep the answer of a key's first call; one that is kept already stands."""
        ...

    async def keep(self, keys: Sequence[IdempotencyKey]) -> None:
        """Say that these are still being served; a key unheard of for a minute is orphaned."""
        ...
