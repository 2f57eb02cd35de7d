"""Users and sessions, on both databases."""

import pytest

from adapters.persistence.sessions import SqlSessions
from adapters.persistence.users import SqlUsers
from application.ports.users import Sessions, Users
from tests.contracts.users import SessionsContract, UsersContract
from tests.integration.persistence.database import Database, Process


class TestUsers(Database, UsersContract):
    @pytest.fixture
    def users(self, process: Process) -> Users:
        return SqlUsers(process.commits, process.engines.reader)


class TestSessions(Database, SessionsContract):
    @pytest.fixture
    def users(self, process: Process) -> Users:
        return SqlUsers(process.commits, process.engines.reader)

    @pytest.fixture
    def sessions(self, process: Process, users: Users) -> Sessions:
        del users
        return SqlSessions(process.commits, process.engines.reader)
