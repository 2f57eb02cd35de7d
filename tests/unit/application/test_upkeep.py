"""What dead processes have left, what is too late, and what goes another way now."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from application import loops
from application import upkeep as module
from application.errors import StorageUnavailableError
from domain.errors import QueueTooOldError
from domain.terms import Priority
from tests.unit.application.gateway import OTHER, PHONE, Gateway, accepting, phones, until
from tests.unit.application.trouble import DefectError, break_first


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.001)


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(gateway.upkeep.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_a_dead_process_was_sending_is_in_doubt(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    sending = await gateway.start(PHONE)
    sending.cancel()
    for row in gateway.outbox.rows.values():
        row.owner = gateway.outbox.another().owner
    with caplog.at_level(logging.WARNING):
        await gateway.upkeep.once()
    assert gateway.status(PHONE) == "unknown"
    assert "1 messages of a process that is gone are in doubt" in caplog.text


async def test_what_expired_in_the_queue_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, ttl_s=60)
    gateway.clock.advance(60)
    with caplog.at_level(logging.WARNING):
        await gateway.upkeep.once()
    assert gateway.status(PHONE) == "expired"
    assert "1 messages have expired in the queue" in caplog.text


async def test_what_another_process_found_is_known_afterwards() -> None:
    gateway = Gateway()
    await gateway.states.trip("smscru", 60, "it fails")
    assert not gateway.breakers.state("smscru").open
    await gateway.upkeep.once()
    assert gateway.breakers.state("smscru").open


async def test_messages_of_a_provider_whose_circuit_is_open_go_another_way() -> None:
    gateway = Gateway(spares={"twilio": accepting, "mobizonkz": accepting})
    await gateway.queue(PHONE, fallback=["twilio", "mobizonkz"])
    await gateway.queue(OTHER)
    await gateway.states.trip("smscru", 60, "it fails")
    await gateway.states.trip("twilio", 60, "it fails")
    await gateway.upkeep.once()
    moved = gateway.outbox.message(PHONE)
    assert (moved.message.provider, moved.message.status) == ("mobizonkz", "queued")
    assert gateway.history(PHONE) == ["accepted", "routed"]
    assert gateway.outbox.message(OTHER).message.provider == "smscru"


async def test_a_provider_that_is_not_configured_any_more_is_none_of_its_business() -> None:
    gateway = Gateway()
    await gateway.states.trip("epochtasmsru", 60, "it fails")
    await gateway.upkeep.once()
    assert gateway.breakers.open() == {"epochtasmsru"}


async def test_a_lane_is_refused_while_it_is_hopelessly_late_and_no_other_one() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.queue(PHONE, priority=Priority.BULK)
    gateway.clock.advance(3600)
    await gateway.upkeep.once()
    gateway.upkeep.check_age("smscru", Priority.BULK)
    gateway.clock.advance(1)
    await gateway.upkeep.once()
    with pytest.raises(QueueTooOldError, match="waiting for 3601 s; nothing was accepted"):
        gateway.upkeep.check_age("smscru", Priority.BULK)
    gateway.upkeep.check_age("smscru", Priority.TRANSACTIONAL)
    gateway.upkeep.check_age("twilio", Priority.BULK)
    async with gateway.pumping():
        await until(lambda: gateway.status(PHONE) == "submitted")
    await gateway.upkeep.once()
    gateway.upkeep.check_age("smscru", Priority.BULK)


async def test_what_is_not_due_yet_is_not_late() -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, delay_s=86_400)
    gateway.clock.advance(7200)
    await gateway.upkeep.once()
    gateway.upkeep.check_age("smscru", Priority.TRANSACTIONAL)


async def test_it_goes_on_while_the_database_is_away(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, ttl_s=60)
    gateway.outbox.away = True
    with caplog.at_level(logging.WARNING):
        async with running(gateway):
            await until(lambda: "upkeep not done, trying again" in caplog.text)
            gateway.outbox.away = False
            gateway.clock.advance(60)
            await until(lambda: gateway.status(PHONE) == "expired")


async def test_who_starts_it_once_is_told_that_the_database_is_away() -> None:
    gateway = Gateway()
    gateway.outbox.away = True
    with pytest.raises(StorageUnavailableError):
        await gateway.upkeep.once()


async def test_a_queue_that_goes_another_way_is_sent_there() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.queue(*phones(20), fallback=["twilio"])
    await gateway.states.trip("smscru", 60, "it fails")
    async with running(gateway):
        await until(lambda: gateway.breakers.state("smscru").open)
        async with gateway.pumping():
            await until(lambda: {*gateway.statuses(phones(20))} == {"submitted"})
    assert gateway.submitted() == []
    assert sorted(gateway.submitted("twilio")) == phones(20)


async def test_an_error_nobody_foresaw_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = break_first(monkeypatch, "sweep")
    async with running(Gateway()) as task:
        await until(lambda: len(calls) > 1 or task.done())
        assert not task.done()


async def test_when_it_is_time_to_try_a_provider_its_messages_stay_to_try_it_with() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.open_circuit("smscru", 10)
    await gateway.queue(PHONE, fallback=["twilio"])
    gateway.clock.advance(10)
    await gateway.upkeep.once()
    assert gateway.outbox.message(PHONE).message.provider == "smscru"
    assert gateway.upkeep.waiting("smscru")


async def test_what_fails_first_does_not_keep_waiting_messages_from_being_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Gateway()
    await gateway.queue(PHONE)
    break_first(monkeypatch, "sweep")
    with pytest.raises(DefectError):
        await gateway.upkeep.once()
    assert gateway.upkeep.waiting("smscru")


async def test_the_most_urgent_lane_that_waits_is_told() -> None:
    gateway = Gateway()
    for phone, priority, urgency in (
        (PHONE, Priority.BULK, Priority.TRANSACTIONAL),
        (OTHER, Priority.OTP, Priority.OTP),
    ):
        await gateway.queue(phone, priority=priority)
        await gateway.upkeep.once()
        assert gateway.upkeep.urgency("smscru") is urgency
    assert gateway.upkeep.urgency("twilio") is Priority.TRANSACTIONAL
