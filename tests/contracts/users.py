"""What every collection of users, and of their sessions, must do."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.users import Sessions, Users
from domain.user import Role, Session, User

NOW = datetime(2026, 11, 23, 6, 34, 43, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
USER = User(name="aigerim", role=Role.VIEWER, password="$argon2id$one", created_at=NOW)
OTHER = User(name="admin", role=Role.ADMIN, password="$argon2id$two", created_at=NOW)
SESSION = Session(digest=b"d" * 32, user="aigerim", proof=b"p" * 32, created_at=NOW, seen_at=NOW)


class UsersContract(ABC):
    """Subclass once per collection and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def users(self) -> Users:
        """An empty collection."""

    async def test_there_is_nobody_at_first(self, users: Users) -> None:
        assert list(await users.all()) == []
        assert await users.find("aigerim") is None

    async def test_users_are_read_as_they_were_written_in_the_order_of_their_names(
        self, users: Users
    ) -> None:
        assert [await users.add(user) for user in (USER, OTHER)] == [True, True]
        assert list(await users.all()) == [OTHER, USER]
        assert await users.find("aigerim") == USER

    async def test_a_name_is_taken_once(self, users: Users) -> None:
        same = replace(OTHER, name=USER.name)
        assert sorted(await asyncio.gather(users.add(USER), users.add(same))) == [False, True]
        assert len(await users.all()) == 1

    async def test_a_changed_user_is_the_only_one_that_changes(self, users: Users) -> None:
        for user in (USER, OTHER):
            await users.add(user)
        changed = replace(USER, role=Role.OPERATOR, password="$argon2id$three")
        assert await users.change(changed)
        assert list(await users.all()) == [OTHER, changed]

    async def test_a_removed_user_is_the_only_one_that_goes(self, users: Users) -> None:
        for user in (USER, OTHER):
            await users.add(user)
        assert await users.remove("aigerim")
        assert list(await users.all()) == [OTHER]

    async def test_who_is_not_there_is_neither_changed_nor_removed(self, users: Users) -> None:
        assert not await users.change(USER)
        assert not await users.remove("aigerim")


class SessionsContract(ABC):
    """Subclass once per collection and provide the fixtures, which know the same users."""

    @pytest.fixture
    @abstractmethod
    def users(self) -> Users:
        """An empty collection."""

    @pytest.fixture
    @abstractmethod
    def sessions(self, users: Users) -> Sessions:
        """An empty collection."""

    async def test_a_session_is_found_with_whose_it_is(
        self, users: Users, sessions: Sessions
    ) -> None:
        await users.add(USER)
        await sessions.open(SESSION)
        assert await sessions.find(SESSION.digest) == (SESSION, USER)
        assert await sessions.find(b"x" * 32) is None

    async def test_a_session_of_nobody_is_none(self, users: Users, sessions: Sessions) -> None:
        await users.add(USER)
        await sessions.open(SESSION)
        await users.remove(USER.name)
        assert await sessions.find(SESSION.digest) is None

    async def test_it_is_known_when_it_was_last_used(
        self, users: Users, sessions: Sessions
    ) -> None:
        await users.add(USER)
        await sessions.open(SESSION)
        await sessions.seen(SESSION.digest, NOW + HOUR)
        found = await sessions.find(SESSION.digest)
        assert found == (replace(SESSION, seen_at=NOW + HOUR), USER)

    async def test_a_closed_session_is_gone_and_no_other(
        self, users: Users, sessions: Sessions
    ) -> None:
        await users.add(USER)
        other = replace(SESSION, digest=b"e" * 32)
        for session in (SESSION, other):
            await sessions.open(session)
        await sessions.close(SESSION.digest)
        await sessions.close(SESSION.digest)
        assert await sessions.find(SESSION.digest) is None
        assert await sessions.find(other.digest) == (other, USER)

    async def test_sessions_that_are_over_are_swept_a_few_at_a_time(
        self, users: Users, sessions: Sessions
    ) -> None:
        await users.add(USER)
        idle = replace(SESSION, digest=b"1" * 32, created_at=NOW, seen_at=NOW - 2 * HOUR)
        old = replace(SESSION, digest=b"2" * 32, created_at=NOW - 13 * HOUR, seen_at=NOW)
        for session in (SESSION, idle, old):
            await sessions.open(session)
        limits = (NOW - 12 * HOUR, NOW - HOUR)
        assert [await sessions.sweep(*limits, 1) for _ in range(3)] == [1, 1, 0]
        assert await sessions.find(SESSION.digest) is not None
