"""Who may sign in, and who has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.user import Session, User


class Users(Protocol):
    """Those who have a password.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def all(self) -> Sequence[User]:
        """Return every user, in the order of their names."""
        ...

    async def find(self, name: str) -> User | None:
        """Return a user, or ``None`` when there is none."""
        ...

    async def add(self, user: User) -> bool:
        """Write a new user; return whether the name was free."""
        ...

    async def change(self, user: User) -> bool:
        """Write a user's role and password; return whether there is such a user."""
        ...

    async def remove(self, name: str) -> bool:
        """Delete a user; return whether there was one."""
        ...


class Sessions(Protocol):
    """Those who have shown it.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def open(self, session: Session) -> None:
        """Write a new session."""
        ...

    async def find(self, digest: bytes) -> tuple[Session, User] | None:
        """Return a session and whose it is; ``None`` when either is not there any more."""
        ...

    async def seen(self, digest: bytes, at: datetime) -> None:
        """Write when a session was last used."""
        ...

    async def close(self, digest: bytes) -> None:
        """Delete a session, if it is there."""
        ...

    async def sweep(self, created_before: datetime, seen_before: datetime, limit: int) -> int:
        """Delete up to ``limit`` sessions begun, or last seen, before a time; return how many."""
        ...


class Passwords(Protocol):
    """Slow hashes of passwords."""

    async def hash(self, password: str) -> str:
        """Return what may be stored of a password; different every time."""
        ...

    async def matches(self, stored: str, password: str) -> bool:
        """Tell whether this is the password something was stored of."""
        ...
