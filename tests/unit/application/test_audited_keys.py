"""Who gave a key, took it away or replaced it is written down first."""

from datetime import timedelta

import pytest

from application.audited_keys import AuditedKeys
from application.errors import StorageUnavailableError
from application.manage_keys import ManageKeys, NewKey
from application.ports.api_keys import ApiKeys
from domain.caller import Scope
from tests.fakes import CountingIds, FixedClock
from tests.fakes.api_keys import MemoryApiKeys
from tests.fakes.audit import OPERATOR, MemoryAuditLog, an_audit

SHOP = NewKey(name="shop", scopes=frozenset({Scope.READ, Scope.SEND}))


@pytest.fixture
def log() -> MemoryAuditLog:
    return MemoryAuditLog()


@pytest.fixture
def keys(log: MemoryAuditLog) -> ApiKeys:
    return AuditedKeys(MemoryApiKeys(), an_audit(log), OPERATOR)


@pytest.fixture
def manage(keys: ApiKeys) -> ManageKeys:
    return ManageKeys(keys, FixedClock(), CountingIds())


async def test_each_change_of_a_key_leaves_an_entry(
    manage: ManageKeys, log: MemoryAuditLog
) -> None:
    issued = await manage.create(SHOP)
    again = await manage.rotate(issued.key.id, timedelta(hours=1))
    await manage.revoke(issued.key.id)
    assert [(entry.action, entry.subject, entry.detail) for entry in log.kept] == [
        ("key.created", issued.key.account, "shop; may send, read"),
        ("key.rotated", issued.key.account, "shop"),
        ("key.revoked", issued.key.account, "shop"),
    ]
    assert {entry.actor for entry in log.kept} == {OPERATOR.name}
    for secret in (issued.text, again.text):
        assert secret not in str(log.kept)


async def test_looking_at_keys_leaves_no_entry(manage: ManageKeys, log: MemoryAuditLog) -> None:
    await manage.all()
    assert log.kept == []


async def test_a_key_that_cannot_be_audited_is_not_made(
    manage: ManageKeys, keys: ApiKeys, log: MemoryAuditLog
) -> None:
    log.away = True
    with pytest.raises(StorageUnavailableError):
        await manage.create(SHOP)
    assert await keys.all() == []
