"""What every audit log must do."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.ids import TimeOrderedIds
from application.ports.audit import AuditFilter, AuditLog
from domain.audit import AuditAction, AuditEntry

AT = datetime(2026, 11, 23, 6, 34, 43, 123456, tzinfo=UTC)
ALL = AuditFilter()
ids = TimeOrderedIds()


def an_entry(subject: str = "77011234567", *, at: datetime = AT) -> AuditEntry:
    return AuditEntry(
        id=ids.new(),
        at=at,
        actor="shop",
        account="0f1e",
        address="2001:db8::7",
        action=AuditAction.BLACKLIST_ADDED,
        subject=subject,
        detail="Қайда? 😀",
    )


class AuditContract(ABC):
    """Subclass once per log and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def log(self) -> AuditLog:
        """An empty log."""

    async def test_nothing_was_done_at_first(self, log: AuditLog) -> None:
        assert await log.find(ALL, before=None, limit=10) == []

    async def test_an_entry_is_kept_character_by_character(self, log: AuditLog) -> None:
        entry = an_entry()
        await log.add(entry)
        assert await log.find(ALL, before=None, limit=10) == [entry]

    async def test_an_entry_of_nobody_in_particular_is_kept(self, log: AuditLog) -> None:
        entry = replace(an_entry(), account=None, address=None, subject="", detail="")
        await log.add(entry)
        assert await log.find(ALL, before=None, limit=10) == [entry]

    @pytest.mark.parametrize("action", AuditAction)
    async def test_every_action_is_kept_and_found(self, log: AuditLog, action: AuditAction) -> None:
        entry = replace(an_entry(), action=action)
        await log.add(entry)
        assert await log.find(AuditFilter(action=action), before=None, limit=10) == [entry]

    async def test_what_a_database_refuses_is_left_out_of_a_text(self, log: AuditLog) -> None:
        await log.add(replace(an_entry(), actor="a\x00b", subject="\x00\ud800", detail="x\x00"))
        (kept,) = await log.find(ALL, before=None, limit=10)
        assert (kept.actor, kept.subject, kept.detail) == ("ab", "?", "x")

    @pytest.mark.parametrize("text", ["\x00", "\ud800", "'; DROP TABLE sms_audit; --", "x" * 9999])
    async def test_any_text_may_be_looked_for(self, log: AuditLog, text: str) -> None:
        await log.add(an_entry())
        for wanted in (AuditFilter(actor=text), AuditFilter(subject=text)):
            assert await log.find(wanted, before=None, limit=10) == []

    async def test_the_latest_comes_first_and_page_by_page(self, log: AuditLog) -> None:
        entries = [an_entry(str(number)) for number in range(7)]
        for entry in entries:
            await log.add(entry)
        seen: list[AuditEntry] = []
        before: UUID | None = None
        while page := await log.find(ALL, before=before, limit=3):
            seen += page
            before = page[-1].id
        assert seen == entries[::-1]

    async def test_entries_of_many_at_once_are_all_kept(self, log: AuditLog) -> None:
        entries = [an_entry(str(number)) for number in range(300)]
        await asyncio.gather(*map(log.add, entries))
        assert await log.find(ALL, before=None, limit=1000) == entries[::-1]

    async def test_the_log_is_searched(self, log: AuditLog) -> None:
        early = an_entry("first", at=AT - timedelta(hours=1))
        late = replace(an_entry("second"), actor="office", action=AuditAction.KEY_REVOKED)
        for entry in (early, late):
            await log.add(entry)
        for wanted, subjects in (
            (AuditFilter(action=AuditAction.KEY_REVOKED), ["second"]),
            (AuditFilter(action=AuditAction.KEY_CREATED), []),
            (AuditFilter(actor="shop"), ["first"]),
            (AuditFilter(actor="0f1e"), ["second", "first"]),
            (AuditFilter(actor="sho"), []),
            (AuditFilter(subject="first"), ["first"]),
            (AuditFilter(since=AT), ["second"]),
            (AuditFilter(until=AT), ["first"]),
            (AuditFilter(since=AT - timedelta(hours=1), until=AT), ["first"]),
            (AuditFilter(action=AuditAction.KEY_REVOKED, actor="shop"), []),
        ):
            found = await log.find(wanted, before=None, limit=10)
            assert [entry.subject for entry in found] == subjects, wanted
