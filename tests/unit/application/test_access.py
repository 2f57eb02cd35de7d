"""Who is let in, and what that costs the database."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.access import Access, demand
from application.errors import RateLimitedError, StorageUnavailableError, UnauthorizedError
from application.key_ring import LOOKS_A_SECOND, KeyRing
from application.manage_keys import ManageKeys, NewKey
from application.rate_limit import BURST_S, RateLimit
from domain.api_key import ApiKey, ApiKeyError, KeyPrint
from domain.caller import Caller, Scope
from domain.errors import ForbiddenError
from tests.contracts.api_keys import KEY
from tests.fakes import CountingIds, FixedClock
from tests.fakes.api_keys import MemoryApiKeys

TEXT = b"hbr_" + b"k" * 43
STORED = replace(KEY, current=KeyPrint.of(TEXT))
HERE = "127.0.0.1"
CALLER: ContextVar[str] = ContextVar("caller")
ANYBODY = NewKey(name="shop", scopes=frozenset({Scope.SEND}))


class Door:
    """Everything that decides who is let in."""

    def __init__(
        self, *fixed: str, keys: MemoryApiKeys | None = None, disabled: bool = False
    ) -> None:
        self.keys = keys or MemoryApiKeys()
        self.clock = FixedClock()
        self.ring = KeyRing(self.keys, self.clock)
        self.access = Access(self.ring, self.clock, fixed, disabled=disabled)
        self.manage = ManageKeys(self.keys, self.clock, CountingIds())

    async def show(self, *shown: bytes, address: str = HERE, local: bool = False) -> Caller:
        return await self.access(shown, address, local=local)


async def test_a_stored_key_is_let_in_with_its_scopes_as_its_account() -> None:
    caller = await Door(keys=MemoryApiKeys(STORED)).show(b"wrong", TEXT)
    assert caller == Caller(
        account=STORED.id.hex, name=STORED.name, scopes=STORED.scopes, address=HERE
    )
    assert caller.owner == STORED.id.hex


async def test_a_key_of_the_settings_may_do_everything_also_without_a_database() -> None:
    door = Door("first", "второй", keys=MemoryApiKeys(STORED))
    door.keys.away = True
    caller = await door.show("второй".encode())
    assert caller.may(Scope.ADMIN)
    assert caller.owner is None
    assert caller.account is not None
    assert caller.account != (await door.show(b"first")).account
    assert door.keys.reads == 0


async def test_the_account_of_a_key_of_the_settings_is_what_it_was_before_keys_had_ids() -> None:
    # The beginning of its SHA-256: idempotency keys outlive the upgrade.
    caller = await Door("first").show(b"first")
    assert caller.account == "a7937b64b8caa58f03721bb6bacf5c78"


async def test_without_any_key_only_the_machine_itself_is_let_in() -> None:
    door = Door()
    assert (await door.show(local=True)).account is None
    with pytest.raises(UnauthorizedError):
        await door.show(local=False)
    with pytest.raises(UnauthorizedError):
        await door.show(b"wrong", local=True)


@pytest.mark.parametrize("key", [STORED, STORED.revoked(STORED.created_at)], ids=["good", "bad"])
async def test_once_there_is_a_key_everybody_needs_one(key: object) -> None:
    keys = MemoryApiKeys(STORED)
    keys.kept[STORED.id] = key  # type: ignore[assignment]
    with pytest.raises(UnauthorizedError):
        await Door(keys=keys).show(local=True)
    with pytest.raises(UnauthorizedError):
        await Door("fixed").show(local=True)


async def test_where_it_is_disabled_everybody_is_let_in_but_keys_of_the_settings_count() -> None:
    assert (await Door(disabled=True).show(b"wrong")).may(Scope.ADMIN)
    with pytest.raises(UnauthorizedError):
        await Door("fixed", disabled=True).show(local=True)


async def test_nobody_is_let_in_as_long_as_the_keys_were_never_read() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    door.keys.away = True
    for shown in ((), (TEXT,)):
        with pytest.raises(StorageUnavailableError):
            await door.show(*shown, local=True)
    door.keys.away = False
    assert (await door.show(TEXT)).account == STORED.account


async def test_while_the_database_is_away_the_keys_last_read_count() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    await door.ring.refresh()
    door.keys.away = True
    assert (await door.show(TEXT)).account == STORED.account
    with pytest.raises(UnauthorizedError):
        await door.show(b"hbr_" + b"x" * 43)


async def test_a_known_key_costs_no_query() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    for _ in range(100):
        await door.show(TEXT)
    assert door.keys.reads == 1


async def test_a_key_made_a_moment_ago_opens_at_once() -> None:
    door = Door()
    await door.ring.refresh()
    issued = await door.manage.create(ANYBODY)
    assert (await door.show(issued.text.encode())).account == issued.key.account


async def test_ten_thousand_wrong_keys_are_a_few_queries() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    for number in range(10_000):
        with pytest.raises(UnauthorizedError):
            await door.show(f"hbr_{number:043}".encode())
    assert door.keys.reads <= 1 + LOOKS_A_SECOND * BURST_S
    door.clock.advance(BURST_S)
    issued = await door.manage.create(ANYBODY)
    assert (await door.show(issued.text.encode())).account == issued.key.account


@pytest.mark.parametrize("shown", [b"", b"password", b"hbr", b"\xff\xfe"])
async def test_what_cannot_be_a_key_is_not_looked_up(shown: bytes) -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    await door.ring.refresh()
    with pytest.raises(UnauthorizedError):
        await door.show(shown)
    assert door.keys.reads == 1


async def test_several_who_look_at_once_share_one_reading() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    await asyncio.gather(*(door.show(TEXT) for _ in range(20)))
    assert door.keys.reads == 1


async def test_a_reading_that_many_share_is_in_the_name_of_none() -> None:
    found: list[str | None] = []

    class Watched(MemoryApiKeys):
        async def all(self) -> Sequence[ApiKey]:
            found.append(CALLER.get(None))
            return await super().all()

    CALLER.set("the first")
    await Door(keys=Watched(STORED)).show(TEXT)
    assert found == [None]


async def test_a_revoked_key_opens_nothing_after_the_next_reading() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    await door.show(TEXT)
    await door.manage.revoke(STORED.id)
    await door.ring.refresh()
    with pytest.raises(UnauthorizedError):
        await door.show(TEXT)


async def test_a_key_expires_without_a_reading() -> None:
    door = Door()
    at = door.clock.now() + timedelta(seconds=10)
    issued = await door.manage.create(replace(ANYBODY, expires_at=at))
    await door.show(issued.text.encode())
    door.clock.advance(10)
    with pytest.raises(UnauthorizedError):
        await door.show(issued.text.encode())


async def test_after_a_rotation_both_are_one_account_until_the_grace_ends() -> None:
    door = Door()
    old = await door.manage.create(ANYBODY)
    new = await door.manage.rotate(old.key.id, timedelta(seconds=10))
    accounts = {(await door.show(key.text.encode())).account for key in (old, new)}
    assert accounts == {old.key.account}
    door.clock.advance(10)
    await door.show(new.text.encode())
    with pytest.raises(UnauthorizedError):
        await door.show(old.text.encode())


async def test_a_key_is_refused_from_another_network() -> None:
    door = Door(keys=MemoryApiKeys(replace(STORED, networks=(ip_network("10.0.0.0/8"),))))
    assert (await door.show(TEXT, address="10.1.2.3")).address == "10.1.2.3"
    for address in ("192.168.1.1", "nonsense"):
        with pytest.raises(ForbiddenError):
            await door.show(TEXT, address=address)


async def test_a_key_has_its_rate_and_takes_nothing_from_others() -> None:
    other = replace(STORED, id=CountingIds().new(), current=KeyPrint.of(b"hbr_other"))
    door = Door(keys=MemoryApiKeys(replace(STORED, rate=5), other))
    for _ in range(5):
        await door.show(TEXT)
    with pytest.raises(RateLimitedError) as refused:
        await door.show(TEXT)
    assert refused.value.wait_s == pytest.approx(0.2)
    await door.show(b"hbr_other")
    door.clock.advance(refused.value.wait_s)
    await door.show(TEXT)


@given(rate=st.floats(0.1, 50), steps=st.lists(st.floats(0, 1), max_size=60))
def test_never_more_than_the_rate_and_a_burst(rate: float, steps: list[float]) -> None:
    clock = FixedClock()
    limit = RateLimit(clock)
    passed = 0
    for step in steps:
        clock.advance(step)
        passed += not limit.wait_s("somebody", rate)
    burst = max(BURST_S * rate, 1)
    assert passed <= burst + sum(steps) * rate + 1e-3


async def test_there_is_no_key_that_has_expired_before_it_is_made() -> None:
    door = Door()
    with pytest.raises(ApiKeyError):
        await door.manage.create(replace(ANYBODY, expires_at=door.clock.now()))
    assert await door.manage.all() == []


async def test_what_is_revoked_or_does_not_exist_is_not_rotated() -> None:
    door = Door(keys=MemoryApiKeys(STORED.revoked(STORED.created_at)))
    for key_id in (STORED.id, CountingIds().new()):
        with pytest.raises(ApiKeyError):
            await door.manage.rotate(key_id, timedelta())


async def test_who_rotates_a_key_that_another_revokes_at_the_same_time_gets_none() -> None:
    keys = MemoryApiKeys(STORED)

    class Late(MemoryApiKeys):
        async def rotate(self, key: ApiKey) -> bool:
            await keys.revoke(STORED.revoked(STORED.created_at))
            return await keys.rotate(key)

    with pytest.raises(ApiKeyError, match="Somebody else"):
        await Door(keys=Late(STORED)).manage.rotate(STORED.id, timedelta())
    assert keys.kept[STORED.id] == STORED.revoked(STORED.created_at)


async def test_a_key_revoked_again_stays_revoked_when_it_was() -> None:
    door = Door(keys=MemoryApiKeys(STORED))
    first = await door.manage.revoke(STORED.id)
    door.clock.advance(10)
    assert await door.manage.revoke(STORED.id) == first


async def test_no_two_keys_are_alike_and_none_is_kept() -> None:
    door = Door()
    issued = [await door.manage.create(ANYBODY) for _ in range(100)]
    assert len({one.text for one in issued}) == 100
    assert all(one.text.startswith("hbr_") and len(one.text) == 47 for one in issued)
    kept = repr(await door.keys.all())
    assert not any(one.text in kept for one in issued)


@pytest.mark.parametrize("scope", Scope)
def test_a_missing_scope_is_named(scope: Scope) -> None:
    other = next(s for s in Scope if s not in {scope, Scope.ADMIN})
    with pytest.raises(ForbiddenError, match=f"scope {scope},"):
        demand(Caller(account="a", name="n", scopes=frozenset({other})), scope)
    demand(Caller(account="a", name="n", scopes=frozenset({Scope.ADMIN})), scope)
