"""Users and sessions in dictionaries, and passwords that are quickly checked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.user import Session, User


class MemoryUsers:
    """Users.

    Attributes:
        kept: by name.
    """

    def __init__(self, *users: User) -> None:
        self.kept = {user.name: user for user in users}

    async def all(self) -> Sequence[User]:
        return [self.kept[name] for name in sorted(self.kept)]

    async def find(self, name: str) -> User | None:
        return self.kept.get(name)

    async def add(self, user: User) -> bool:
        return self.kept.setdefault(user.name, user) is user

    async def change(self, user: User) -> bool:
        known = self.kept.get(user.name)
        if known is not None:
            self.kept[user.name] = replace(known, role=user.role, password=user.password)
        return known is not None

    async def remove(self, name: str) -> bool:
        return self.kept.pop(name, None) is not None


class MemorySessions:
    """Sessions.

    Attributes:
        kept: by digest.
        touched: how often it was written when one was used.
    """

    def __init__(self, users: MemoryUsers) -> None:
        self._users = users
        self.kept: dict[bytes, Session] = {}
        self.touched = 0

    async def open(self, session: Session) -> None:
        self.kept[session.digest] = session

    async def find(self, digest: bytes) -> tuple[Session, User] | None:
        session = self.kept.get(digest)
        user = None if session is None else self._users.kept.get(session.user)
        return None if session is None or user is None else (session, user)

    async def seen(self, digest: bytes, at: datetime) -> None:
        self.touched += 1
        self.kept[digest] = replace(self.kept[digest], seen_at=at)

    async def close(self, digest: bytes) -> None:
        self.kept.pop(digest, None)

    async def sweep(self, created_before: datetime, seen_before: datetime, limit: int) -> int:
        over = [
            digest
            for digest, session in self.kept.items()
            if session.created_at < created_before or session.seen_at < seen_before
        ][:limit]
        for digest in over:
            del self.kept[digest]
        return len(over)


class PlainPasswords:
    """Passwords that are stored as they are; of no use but for tests.

    Attributes:
        tries: how many were compared.
    """

    def __init__(self) -> None:
        self.tries = 0

    async def hash(self, password: str) -> str:
        return f"plain {password}"

    async def matches(self, stored: str, password: str) -> bool:
        self.tries += 1
        return stored == f"plain {password}"
