"""The fake users and sessions keep the contracts of what they stand in for."""

import pytest

from application.ports.users import Sessions, Users
from tests.contracts.users import SessionsContract, UsersContract
from tests.fakes.users import MemorySessions, MemoryUsers


class TestMemoryUsers(UsersContract):
    @pytest.fixture
    def users(self) -> Users:
        return MemoryUsers()


class TestMemorySessions(SessionsContract):
    @pytest.fixture
    def users(self) -> MemoryUsers:
        return MemoryUsers()

    @pytest.fixture
    def sessions(self, users: Users) -> Sessions:
        assert isinstance(users, MemoryUsers)
        return MemorySessions(users)
