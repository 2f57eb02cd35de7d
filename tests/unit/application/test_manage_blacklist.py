"""Who must not be written to."""

from datetime import timedelta

import pytest

from application.errors import DuplicateKeyError
from application.manage_blacklist import ManageBlacklist
from application.ports.blacklist import Once
from application.ports.idempotency import StoredAnswer
from domain.blacklist import BlacklistSource
from domain.errors import InvalidEntryError, InvalidPhoneError, NotBlacklistedError
from domain.idempotency import IdempotencyKey
from domain.phone import Phone
from tests.fakes import NOW, FixedClock, MemoryBlacklist, PlainNumbering
from tests.fakes.audit import MemoryAuditLog, an_audit

PHONE = "77011234567"
ONCE = Once(IdempotencyKey("", "order-17", b"fingerprint"), StoredAnswer(200, {}, b"{}"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def manage(clock: FixedClock) -> ManageBlacklist:
    return ManageBlacklist(MemoryBlacklist(clock=clock), PlainNumbering(), clock, an_audit())


@pytest.mark.parametrize("written", [PHONE, f"+{PHONE}", "+7 (701) 123-45-67", "7701.123.45.67"])
async def test_a_phone_is_the_same_however_it_is_written(
    manage: ManageBlacklist, written: str
) -> None:
    await manage.add(written)
    assert (await manage.find(PHONE)).phone == Phone(f"+{PHONE}")
    await manage.remove(written)
    with pytest.raises(NotBlacklistedError):
        await manage.find(PHONE)


async def test_a_phone_added_again_keeps_its_date(
    manage: ManageBlacklist, clock: FixedClock
) -> None:
    await manage.add(PHONE)
    clock.at += timedelta(days=1)
    await manage.add(PHONE)
    assert (await manage.find(PHONE)).created_at == NOW


async def test_an_entry_says_what_was_said_of_it(manage: ManageBlacklist) -> None:
    end = NOW + timedelta(days=30)
    await manage.add(PHONE, reason="asked for it", note="by telephone", expires_at=end)
    entry = await manage.find(PHONE)
    assert (entry.reason, entry.note, entry.expires_at) == ("asked for it", "by telephone", end)
    assert entry.source is BlacklistSource.API


async def test_a_phone_added_for_good_stays_when_it_was_to_expire(
    manage: ManageBlacklist, clock: FixedClock
) -> None:
    await manage.add(PHONE, expires_at=NOW + timedelta(days=1))
    await manage.add(PHONE)
    clock.at += timedelta(days=2)
    assert (await manage.find(PHONE)).created_at == NOW


async def test_an_entry_that_has_expired_is_not_found_and_may_be_added_again(
    manage: ManageBlacklist, clock: FixedClock
) -> None:
    await manage.add(PHONE, expires_at=NOW + timedelta(days=1))
    clock.at += timedelta(days=1)
    with pytest.raises(NotBlacklistedError):
        await manage.find(PHONE)
    await manage.add(PHONE)
    assert (await manage.find(PHONE)).created_at == clock.at


async def test_an_entry_that_would_expire_at_once_is_refused(manage: ManageBlacklist) -> None:
    with pytest.raises(InvalidEntryError):
        await manage.add(PHONE, expires_at=NOW)
    with pytest.raises(NotBlacklistedError):
        await manage.find(PHONE)


async def test_removing_a_phone_that_is_not_there_is_no_error(manage: ManageBlacklist) -> None:
    await manage.remove(PHONE)


async def test_only_what_changes_something_is_audited(clock: FixedClock) -> None:
    log = MemoryAuditLog()
    manage = ManageBlacklist(MemoryBlacklist(clock=clock), PlainNumbering(), clock, an_audit(log))
    await manage.remove(PHONE)
    soon, later = (NOW + timedelta(days=days) for days in (1, 2))
    for expires_at in (soon, soon, later, soon, None, later, None):
        await manage.add(PHONE, expires_at=expires_at)
    await manage.remove(PHONE)
    await manage.remove(PHONE)
    assert [entry.action for entry in log.kept] == [
        *["blacklist.added"] * 3,
        "blacklist.removed",
    ]


@pytest.mark.parametrize("action", ["add", "remove", "find"])
@pytest.mark.parametrize("phone", ["", "x", "0", "7" * 16])
async def test_what_cannot_be_a_number_is_refused(
    manage: ManageBlacklist, action: str, phone: str
) -> None:
    with pytest.raises(InvalidPhoneError):
        await getattr(manage, action)(phone)


async def test_a_change_with_a_key_is_made_once(manage: ManageBlacklist) -> None:
    await manage.add(PHONE, ONCE)
    await manage.remove(PHONE)
    with pytest.raises(DuplicateKeyError):
        await manage.add(PHONE, ONCE)
    with pytest.raises(NotBlacklistedError):
        await manage.find(PHONE)


async def test_a_removal_with_a_key_is_made_once(manage: ManageBlacklist) -> None:
    await manage.add(PHONE)
    await manage.remove(PHONE, ONCE)
    await manage.add(PHONE)
    with pytest.raises(DuplicateKeyError):
        await manage.remove(PHONE, ONCE)
    assert (await manage.find(PHONE)).phone == Phone(f"+{PHONE}")
