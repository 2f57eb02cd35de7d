"""What stands in a page's address: nonsense is as good as nothing, for people edit addresses."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

Choice = TypeVar("Choice", bound=StrEnum)


def choice(choices: type[Choice], text: str) -> Choice | None:
    """Return one of some choices."""
    return next((one for one in choices if one == text), None)


def identity(text: str) -> UUID | None:
    """Return an id."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """Return a time as the field ``datetime-local`` writes it, in UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
