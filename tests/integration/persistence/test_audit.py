"""The audit log, on both databases: what is in it stays as it is."""

import pytest
import sqlalchemy as sa

from adapters.persistence.audit import SqlAuditLog
from adapters.persistence.engines import DatabaseTarget
from tests.contracts.audit import ALL, AuditContract, an_entry
from tests.integration.conftest import postgres_target
from tests.integration.persistence.database import Database, Process
from tests.postgres import PostgresServer

REPLACEMENT = "INSERT OR REPLACE INTO sms_audit SELECT * FROM sms_audit"
ON_CONFLICT = " ON CONFLICT (id) DO UPDATE SET actor = 'nobody'"


class TestAudit(Database, AuditContract):
    @pytest.fixture
    def log(self, process: Process) -> SqlAuditLog:
        return SqlAuditLog(process.commits, process.engines.reader)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE sms_audit SET actor = 'nobody'",
            "UPDATE sms_audit SET id = id",
            REPLACEMENT,
            "DELETE FROM sms_audit",
            "DELETE FROM sms_audit WHERE subject = '77011234567'",
        ],
    )
    async def test_the_database_refuses_to_change_an_entry(
        self, log: SqlAuditLog, process: Process, statement: str
    ) -> None:
        entry = an_entry()
        await log.add(entry)
        if process.target.schema is not None:
            statement = statement.replace("INSERT OR REPLACE", "INSERT") + (
                ON_CONFLICT if statement == REPLACEMENT else ""
            )
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            await process.engines.writer.run(lambda c: c.exec_driver_sql(statement))
        assert await log.find(ALL, before=None, limit=10) == [entry]

    async def test_an_entry_is_never_written_over(self, log: SqlAuditLog) -> None:
        entry = an_entry()
        await log.add(entry)
        with pytest.raises(sa.exc.IntegrityError):
            await log.add(entry)
        await log.add(an_entry("next"))
        found = await log.find(ALL, before=None, limit=10)
        assert [kept.subject for kept in found] == ["next", entry.subject]


class TestOnPostgres(Database):
    @pytest.fixture
    def target(self, postgres_server: PostgresServer) -> DatabaseTarget:
        return postgres_target(postgres_server)

    async def test_the_log_is_not_emptied_by_a_shortcut(self, process: Process) -> None:
        log = SqlAuditLog(process.commits, process.engines.reader)
        await log.add(an_entry())
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            await process.engines.writer.run(lambda c: c.exec_driver_sql("TRUNCATE sms_audit"))
