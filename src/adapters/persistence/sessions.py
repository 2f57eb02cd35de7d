"""Who has signed in, on both databases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.reads import read
from adapters.persistence.tables import sessions, users
from adapters.persistence.users import to_user
from domain.user import Session, User


class SqlSessions:
    """Sessions are rows of ``sms_sessions``; see ``Sessions``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine) -> None:
        self._commits = commits
        self._reader = reader

    async def open(self, session: Session) -> None:
        """Write a new session; see ``Sessions.open``."""
        await self._commits.run(_open, session)

    async def find(self, digest: bytes) -> tuple[Session, User] | None:
        """Return a session and whose it is; see ``Sessions.find``."""
        query = (
            sa.select(
                users,
                sessions.c.proof,
                sessions.c.created_at.label("begun_at"),
                sessions.c.seen_at,
            )
            .join(users, users.c.name == sessions.c.user_name)
            .where(sessions.c.digest == digest)
        )
        found = await read(self._reader, query)
        return (_to_session(found[0], digest), to_user(found[0])) if found else None

    async def seen(self, digest: bytes, at: datetime) -> None:
        """Write when a session was last used; see ``Sessions.seen``."""
        await self._commits.run(_seen, (digest, at))

    async def close(self, digest: bytes) -> None:
        """Delete a session; see ``Sessions.close``."""
        await self._commits.run(_close, digest)

    async def sweep(self, created_before: datetime, seen_before: datetime, limit: int) -> int:
        """Delete sessions that are over; see ``Sessions.sweep``."""
        return await self._commits.run(_sweep, (created_before, seen_before, limit))


def _to_session(row: sa.Row[Any], digest: bytes) -> Session:
    return Session(
        digest=digest,
        user=row.name,
        proof=row.proof,
        created_at=row.begun_at,
        seen_at=row.seen_at,
    )


def _open(connection: sa.Connection, items: Sequence[Session]) -> Sequence[None]:
    rows = [
        {
            "digest": session.digest,
            "user_name": session.user,
            "proof": session.proof,
            "created_at": session.created_at,
            "seen_at": session.seen_at,
        }
        for session in items
    ]
    connection.execute(sa.insert(sessions), rows)
    return [None] * len(items)


def _seen(connection: sa.Connection, items: Sequence[tuple[bytes, datetime]]) -> Sequence[None]:
    for digest, at in items:
        change = sa.update(sessions).where(sessions.c.digest == digest).values(seen_at=at)
        connection.execute(change)
    return [None] * len(items)


def _close(connection: sa.Connection, items: Sequence[bytes]) -> Sequence[None]:
    connection.execute(sa.delete(sessions).where(sessions.c.digest.in_(items)))
    return [None] * len(items)


def _sweep(
    connection: sa.Connection, items: Sequence[tuple[datetime, datetime, int]]
) -> Sequence[int]:
    return [_sweep_once(connection, *item) for item in items]


def _sweep_once(
    connection: sa.Connection, created_before: datetime, seen_before: datetime, limit: int
) -> int:
    over = (
        sa.select(sessions.c.digest)
        .where((sessions.c.seen_at < seen_before) | (sessions.c.created_at < created_before))
        .limit(limit)
    )
    return connection.execute(sa.delete(sessions).where(sessions.c.digest.in_(over))).rowcount
