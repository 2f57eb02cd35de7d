"""The provider has already acted: what it did is written, whatever happens to the database."""

import asyncio
import logging

import pytest

from application import settler
from application.ports.outbox import Settlement
from application.settler import Settler
from domain.outcome import Accepted
from tests.contracts.outbox import a_request, a_sending, settled
from tests.fakes import MemoryOutbox
from tests.unit.application.trouble import break_first, hang_settling

PHONE = "77011234567"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settler, "DELAYS_S", (0.0, 0.0, 0.0, 0.0))


async def under_way(outbox: MemoryOutbox) -> Settlement:
    """Return the settlement of a message that was accepted by its provider."""
    request = a_request()
    new = a_sending(request)
    await outbox.accept([new], request)
    return settled(new, Accepted("SM1"))


def status(outbox: MemoryOutbox) -> str:
    (row,) = outbox.rows.values()
    return row.message.status


async def test_it_is_on_disk_on_return() -> None:
    outbox = MemoryOutbox()
    await Settler(outbox).settle(await under_way(outbox))
    assert status(outbox) == "submitted"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("failures", [1, 2, 4, 20])
async def test_it_is_tried_until_it_is_written(failures: int) -> None:
    outbox = MemoryOutbox(settles_away=failures)
    clerk = Settler(outbox)
    await clerk.settle(await under_way(outbox))
    await clerk.close(5)
    assert status(outbox) == "submitted"
    assert outbox.settles == failures + 1


@pytest.mark.usefixtures("quick")
async def test_an_operator_reads_that_it_takes_long(caplog: pytest.LogCaptureFixture) -> None:
    outbox = MemoryOutbox(settles_away=10)
    clerk = Settler(outbox)
    settlement = await under_way(outbox)
    clerk.settle_later(settlement)
    await clerk.close(5)
    assert f"not settled yet: message {settlement.message.id}" in caplog.text


@pytest.mark.usefixtures("quick")
async def test_no_error_reaches_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    break_first(monkeypatch, "settle", times=2)
    outbox = MemoryOutbox()
    clerk = Settler(outbox)
    await clerk.settle(await under_way(outbox))
    await clerk.close(5)
    assert status(outbox) == "submitted"


async def test_a_settlement_that_hangs_holds_nobody_and_is_given_up_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hang_settling(monkeypatch)
    outbox = MemoryOutbox()
    clerk = Settler(outbox)
    async with asyncio.timeout(30):
        await clerk.settle(await under_way(outbox))
        await clerk.close(0.01)
    assert "a settlement was not written; its message will be looked up" in caplog.text
    assert status(outbox) == "sending"


async def test_a_lost_lease_changes_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = MemoryOutbox()
    settlement = await under_way(outbox)
    for row in outbox.rows.values():
        row.token = None
    with caplog.at_level(logging.WARNING):
        await Settler(outbox).settle(settlement)
    assert status(outbox) == "sending"
    assert f"settlement fenced: message {settlement.message.id}" in caplog.text
    assert settlement.message.recipient.msisdn not in caplog.text


async def test_the_pauses_between_two_tries_grow() -> None:
    assert list(settler.DELAYS_S) == sorted(set(settler.DELAYS_S))
    assert settler.DELAYS_S[0] > 0


async def test_with_nothing_left_to_write_there_is_nothing_to_wait_for() -> None:
    async with asyncio.timeout(30):
        await Settler(MemoryOutbox()).close(3600)
