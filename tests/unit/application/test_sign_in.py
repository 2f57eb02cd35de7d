"""From a password to a visitor, and how that ends."""

from datetime import timedelta

import pytest

from application.access import Access
from application.audit import Audit
from application.errors import RateLimitedError
from application.key_ring import KeyRing
from application.manage_users import FIRST, ManageUsers
from application.sign_in import TRIES_AT_ONCE, SignIn, WrongPasswordError
from application.visitors import SweepSessions, Visitors
from domain.audit import AuditAction
from domain.caller import INSIDE, Scope
from domain.user import Role, UserError
from tests.fakes import FixedClock
from tests.fakes.api_keys import MemoryApiKeys
from tests.fakes.audit import MemoryAuditLog
from tests.fakes.system import CountingIds
from tests.fakes.users import MemorySessions, MemoryUsers, PlainPasswords

GOOD = "four plain words together"
HERE = "127.0.0.1"
HOUR = timedelta(hours=1)


class Setting:
    """A dashboard with one user, ``aigerim``, who is a viewer."""

    def __init__(self, *, fixed: tuple[str, ...] = ("key",), **choices: bool) -> None:
        self.clock = FixedClock()
        self.users = MemoryUsers()
        self.sessions = MemorySessions(self.users)
        self.passwords = PlainPasswords()
        self.log = MemoryAuditLog()
        audit = Audit(self.log, self.clock, CountingIds())
        self.manage = ManageUsers(self.users, self.passwords, self.clock, audit, INSIDE)
        self.sign_in = SignIn(self.users, self.sessions, self.passwords, self.clock, audit)
        ring = KeyRing(MemoryApiKeys(), self.clock)
        access = Access(ring, self.clock, fixed, disabled=choices.get("disabled", False))
        self.visitors = Visitors(
            access, self.sessions, self.clock, asked=choices.get("asked", False)
        )

    async def signed_in(self) -> str:
        await self.manage.create("aigerim", Role.VIEWER, GOOD)
        return await self.sign_in("aigerim", GOOD, HERE)

    async def is_known(self, secret: str) -> bool:
        return await self.visitors(secret, HERE, local=False) is not None


async def test_who_knows_the_password_is_let_in_with_what_their_role_may() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    visitor = await setting.visitors(secret, HERE, local=False)
    assert visitor is not None
    assert (visitor.name, visitor.role, visitor.signed_in) == ("aigerim", Role.VIEWER, True)
    assert [visitor.may(scope) for scope in Scope] == [False, True, False, False]
    assert not visitor.sees_numbers
    assert secret not in repr(setting.sessions.kept)


async def test_capitals_and_blanks_around_a_name_do_not_matter() -> None:
    setting = Setting()
    await setting.signed_in()
    setting.clock.advance(60)
    assert await setting.is_known(await setting.sign_in(" Aigerim ", GOOD, HERE))


@pytest.mark.parametrize(
    ("name", "password"), [("aigerim", f"{GOOD} "), ("aigerim", ""), ("nobody", GOOD), ("", "")]
)
async def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_take_as_long(
    name: str, password: str
) -> None:
    setting = Setting()
    await setting.manage.create("aigerim", Role.VIEWER, GOOD)
    with pytest.raises(WrongPasswordError):
        await setting.sign_in(name, password, HERE)
    assert setting.passwords.tries == 1
    assert setting.sessions.kept == {}


async def test_passwords_cannot_be_tried_quickly_for_a_name_or_from_an_address() -> None:
    setting = Setting()
    await setting.manage.create("aigerim", Role.VIEWER, GOOD)
    for _ in range(TRIES_AT_ONCE):
        with pytest.raises(WrongPasswordError):
            await setting.sign_in("aigerim", "wrong", "192.0.2.1")
    with pytest.raises(RateLimitedError):
        await setting.sign_in("aigerim", GOOD, "192.0.2.2")
    with pytest.raises(RateLimitedError):
        await setting.sign_in("another", "wrong", "192.0.2.1")
    assert setting.passwords.tries == TRIES_AT_ONCE
    setting.clock.advance(2)
    assert await setting.sign_in("aigerim", GOOD, "192.0.2.1")


async def test_a_session_ends_when_it_is_ended() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    await setting.sign_in.end(secret)
    assert not await setting.is_known(secret)


async def test_a_session_ends_when_nobody_comes_for_an_hour() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    for _ in range(5):
        setting.clock.at += HOUR - timedelta(minutes=2)
        assert await setting.is_known(secret)
    setting.clock.at += HOUR + timedelta(minutes=1)
    assert not await setting.is_known(secret)


async def test_a_session_ends_after_twelve_hours_however_often_it_is_used() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    for _ in range(23):
        setting.clock.at += HOUR / 2
        assert await setting.is_known(secret)
    setting.clock.at += HOUR / 2
    assert not await setting.is_known(secret)


async def test_that_a_session_is_used_is_written_once_a_minute() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    for _ in range(120):
        await setting.is_known(secret)
        setting.clock.at += timedelta(seconds=1)
    assert setting.sessions.touched == 1


async def test_another_password_ends_every_session() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    await setting.manage.set_password("aigerim", f"{GOOD} again")
    assert not await setting.is_known(secret)


async def test_a_user_who_is_removed_is_out_at_once() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    await setting.manage.remove("aigerim")
    assert not await setting.is_known(secret)


async def test_a_user_of_the_same_name_who_comes_later_does_not_get_an_old_session() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    await setting.manage.remove("aigerim")
    await setting.manage.create("aigerim", Role.ADMIN, f"{GOOD} of another")
    assert not await setting.is_known(secret)


async def test_another_role_counts_at_once_in_a_session_that_goes_on() -> None:
    setting = Setting()
    secret = await setting.signed_in()
    await setting.manage.set_role("aigerim", Role.OPERATOR)
    visitor = await setting.visitors(secret, HERE, local=False)
    assert visitor is not None
    assert visitor.role is Role.OPERATOR


@pytest.mark.parametrize("secret", ["", "x", "\udcff", "0" * 200])
async def test_a_secret_of_nobody_lets_nobody_in(secret: str) -> None:
    setting = Setting()
    await setting.signed_in()
    assert not await setting.is_known(secret)


@pytest.mark.parametrize(
    ("fixed", "choices", "local", "let_in"),
    [
        ((), {}, True, True),
        ((), {}, False, False),
        ((), {"asked": True}, True, False),
        (("key",), {}, True, False),
        ((), {"disabled": True}, True, True),
        ((), {"disabled": True}, False, False),
        ((), {"disabled": True, "asked": True}, True, True),
    ],
)
async def test_nobody_signs_in_where_this_machine_needs_no_key(
    fixed: tuple[str, ...],
    choices: dict[str, bool],
    local: bool,  # noqa: FBT001 - of a table
    let_in: bool,  # noqa: FBT001 - of a table
) -> None:
    setting = Setting(fixed=fixed, **choices)
    visitor = await setting.visitors(None, HERE, local=local)
    assert (visitor is not None) is let_in
    assert visitor is None or (visitor.role is Role.ADMIN and not visitor.signed_in)


async def test_sessions_that_are_over_are_swept() -> None:
    setting = Setting()
    await setting.signed_in()
    sweep = SweepSessions(setting.sessions, setting.clock)
    await sweep.once()
    assert len(setting.sessions.kept) == 1
    setting.clock.at += 2 * HOUR
    await sweep.once()
    assert setting.sessions.kept == {}


async def test_what_is_done_to_users_is_written_down() -> None:
    setting = Setting()
    await setting.signed_in()
    await setting.manage.set_role("aigerim", Role.ADMIN)
    await setting.manage.set_password("aigerim", f"{GOOD} again")
    await setting.manage.remove("aigerim")
    told = [(entry.action, entry.actor, entry.subject) for entry in setting.log.kept]
    assert told == [
        (AuditAction.USER_CREATED, "habar", "aigerim"),
        (AuditAction.SIGNED_IN, "aigerim", "aigerim"),
        (AuditAction.USER_CHANGED, "habar", "aigerim"),
        (AuditAction.USER_CHANGED, "habar", "aigerim"),
        (AuditAction.USER_REMOVED, "habar", "aigerim"),
    ]
    assert GOOD not in repr(setting.log.kept)


@pytest.mark.parametrize("name", ["", "A", "a b", "ä", "x" * 65, "-a", "a\n"])
async def test_some_names_nobody_can_have(name: str) -> None:
    with pytest.raises(UserError, match="name"):
        await Setting().manage.create(name, Role.VIEWER, GOOD)


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1_025])
async def test_a_password_is_neither_short_nor_endless(password: str) -> None:
    setting = Setting()
    with pytest.raises(UserError, match="characters"):
        await setting.manage.create("aigerim", Role.VIEWER, password)
    assert setting.log.kept == []


async def test_a_name_is_given_once_and_who_is_not_there_is_not_changed() -> None:
    setting = Setting()
    await setting.signed_in()
    with pytest.raises(UserError, match="already"):
        await setting.manage.create("aigerim", Role.ADMIN, GOOD)
    for change in (
        setting.manage.set_password("nobody", GOOD),
        setting.manage.set_role("nobody", Role.ADMIN),
        setting.manage.remove("nobody"),
    ):
        with pytest.raises(UserError, match="no user"):
            await change


async def test_the_setting_makes_the_first_user_and_keeps_its_password_and_role() -> None:
    setting = Setting()
    await setting.manage.keep_first(GOOD)
    secret = await setting.sign_in(FIRST, GOOD, HERE)
    entries = len(setting.log.kept)
    await setting.manage.keep_first(GOOD)
    assert len(setting.log.kept) == entries
    assert await setting.is_known(secret)
    await setting.manage.set_role(FIRST, Role.VIEWER)
    await setting.manage.keep_first(f"{GOOD} again")
    assert setting.users.kept[FIRST].role is Role.ADMIN
    assert not await setting.is_known(secret)
