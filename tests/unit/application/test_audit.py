"""Who did what is written down, and read page by page."""

import pytest

from application.audit import Audit
from application.audit_reading import ReadAudit
from application.errors import StorageUnavailableError
from application.ports.audit import AuditFilter
from domain.audit import AuditAction
from tests.contracts.audit import AuditContract
from tests.fakes import NOW, CountingIds, FixedClock
from tests.fakes.audit import OPERATOR, MemoryAuditLog


class TestMemoryAuditLog(AuditContract):
    @pytest.fixture
    def log(self) -> MemoryAuditLog:
        return MemoryAuditLog()


@pytest.fixture
def log() -> MemoryAuditLog:
    return MemoryAuditLog()


@pytest.fixture
def audit(log: MemoryAuditLog) -> Audit:
    return Audit(log, FixedClock(), CountingIds())


async def test_an_entry_says_who_did_what_from_where_and_when(
    log: MemoryAuditLog, audit: Audit
) -> None:
    await audit(OPERATOR, AuditAction.PROVIDER_PAUSED, "twilio", "for 60 s")
    (entry,) = log.kept
    assert (entry.actor, entry.account, entry.address) == ("operator", "key-1", "192.0.2.7")
    assert (entry.action, entry.subject) == (AuditAction.PROVIDER_PAUSED, "twilio")
    assert (entry.detail, entry.at) == ("for 60 s", NOW)


async def test_a_database_that_is_away_is_told(log: MemoryAuditLog, audit: Audit) -> None:
    log.away = True
    with pytest.raises(StorageUnavailableError):
        await audit(OPERATOR, AuditAction.KEY_CREATED, "key-2")


async def test_the_log_is_read_page_by_page(log: MemoryAuditLog, audit: Audit) -> None:
    for number in range(5):
        await audit(OPERATOR, AuditAction.KEY_CREATED, str(number))
    read, wanted = ReadAudit(log), AuditFilter()
    first = await read(wanted, limit=3)
    rest = await read(wanted, before=first.next_before, limit=3)
    assert [entry.subject for entry in (*first.entries, *rest.entries)] == list("43210")
    assert rest.next_before is None
    assert (await read(wanted, limit=5)).next_before is None
