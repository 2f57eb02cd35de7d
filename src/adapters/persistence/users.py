"""Who may sign in, on both databases."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.reads import read
from adapters.persistence.rows import Row
from adapters.persistence.tables import users
from domain.user import Role, User


class SqlUsers:
    """Users are rows of ``sms_users``; see ``Users``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine) -> None:
        self._commits = commits
        self._reader = reader

    async def all(self) -> Sequence[User]:
        """Return every user; see ``Users.all``."""
        return await self._read(sa.select(users).order_by(users.c.name))

    async def find(self, name: str) -> User | None:
        """Return a user; see ``Users.find``."""
        found = await self._read(sa.select(users).where(users.c.name == name))
        return found[0] if found else None

    async def add(self, user: User) -> bool:
        """Write a new user; see ``Users.add``."""
        return await self._commits.run(_add, user)

    async def change(self, user: User) -> bool:
        """Write a user's role and password; see ``Users.change``."""
        return await self._commits.run(_change, user)

    async def remove(self, name: str) -> bool:
        """Delete a user; see ``Users.remove``."""
        return await self._commits.run(_remove, name)

    async def _read(self, query: sa.Select[Any]) -> Sequence[User]:
        return [to_user(row) for row in await read(self._reader, query)]


def to_user(row: sa.Row[Any]) -> User:
    """Read a user off a row of ``sms_users``, or one that has its columns."""
    return User(
        name=row.name, role=Role(row.role), password=row.password, created_at=row.created_at
    )


def _add(connection: sa.Connection, items: Sequence[User]) -> Sequence[bool]:
    insertion = insert_new(connection, users).returning(users.c.name)
    added = (connection.execute(insertion.values(_to_row(user))).first() for user in items)
    return [name is not None for name in added]


def _to_row(user: User) -> Row:
    return {
        "name": user.name,
        "role": user.role,
        "password": user.password,
        "created_at": user.created_at,
    }


def _change(connection: sa.Connection, items: Sequence[User]) -> Sequence[bool]:
    return [
        _changed(
            connection,
            sa.update(users)
            .where(users.c.name == user.name)
            .values(role=user.role, password=user.password),
        )
        for user in items
    ]


def _remove(connection: sa.Connection, items: Sequence[str]) -> Sequence[bool]:
    return [_changed(connection, sa.delete(users).where(users.c.name == name)) for name in items]


def _changed(connection: sa.Connection, change: sa.Executable) -> bool:
    return connection.execute(change).rowcount == 1
