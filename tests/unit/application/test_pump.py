"""How messages leave that nobody waits for: claimed when due, handed over, settled."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from application import loops
from application import pump as module
from application.attempts import START_WITHIN_S
from application.errors import StorageUnavailableError
from application.ports.outbox import Claim, ClaimRequest
from application.pump import Pump
from domain.blacklist import BlacklistEntry
from domain.message import Message
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from domain.phone import Phone
from domain.terms import Priority
from tests.fakes import NOW, MemoryBlacklist, MemoryOutbox
from tests.unit.application.gateway import (
    OTHER,
    PHONE,
    Answering,
    Gateway,
    accepting,
    phones,
    turns,
    until,
)
from tests.unit.application.trouble import DefectError, break_first

DOWN = Unavailable(kind=UnavailableKind.NETWORK, text="no connection")


def down(_: Message) -> SubmitOutcome:
    return DOWN


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.001)
    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.001)


def claims(monkeypatch: pytest.MonkeyPatch) -> list[ClaimRequest]:
    """Watch what is claimed."""
    claim, asked = MemoryOutbox.claim, []

    async def watched(outbox: MemoryOutbox, want: ClaimRequest) -> Claim:
        asked.append(want)
        return await claim(outbox, want)

    monkeypatch.setattr(MemoryOutbox, "claim", watched)
    return asked


def at_rest(gateway: Gateway, *statuses: str) -> bool:
    """Tell whether every message is in one of these states."""
    return all(row.message.status in statuses for row in gateway.outbox.rows.values())


async def pump_until_rest(gateway: Gateway, *statuses: str) -> None:
    async with gateway.pumping():
        await until(lambda: at_rest(gateway, *statuses))


@asynccontextmanager
async def one_pump(gateway: Gateway) -> AsyncIterator[Pump]:
    async with gateway.pumping() as pumps:
        yield pumps[0]


OUTCOMES = [
    (Accepted("SM1"), "submitted", ["submitted"]),
    (Accepted("SM1", delivered=True), "delivered", ["submitted", "delivered"]),
    (Rejected(reason=RejectReason.RECIPIENT), "rejected", ["rejected"]),
    (Unconfirmed("no answer within 30 s"), "unknown", ["unknown"]),
]


@pytest.mark.parametrize(("outcome", "status", "history"), OUTCOMES)
async def test_what_is_queued_is_handed_over_and_settled(
    outcome: SubmitOutcome, status: str, history: list[str]
) -> None:
    gateway = Gateway(lambda _: outcome)
    await gateway.queue(PHONE, OTHER)
    await pump_until_rest(gateway, status)
    for phone in (PHONE, OTHER):
        order = [what for what, whom in gateway.journal if whom == phone]
        assert order == ["accept queued", "submit", "settle"]
        assert gateway.history(phone) == ["accepted", *history]
        assert gateway.outbox.message(phone).message.attempts == 1


async def test_the_provider_gets_it_when_it_is_on_disk_as_sending() -> None:
    def look(message: Message) -> SubmitOutcome:
        on_disk.append(gateway.outbox.message(PHONE).message == message)
        return Accepted("1")

    on_disk: list[bool] = []
    gateway = Gateway(look)
    await gateway.queue(PHONE)
    await pump_until_rest(gateway, "submitted")
    assert on_disk == [True]


async def test_an_unknown_outcome_is_never_sent_again_and_asked_about_soon() -> None:
    gateway = Gateway(lambda _: Unconfirmed("silence"), spares={"twilio": accepting})
    await gateway.queue(PHONE, fallback=["twilio"])
    async with gateway.pumping():
        await until(lambda: at_rest(gateway, "unknown"))
        gateway.clock.advance(3600)
        await turns()
    assert (gateway.submitted(), gateway.submitted("twilio")) == ([PHONE], [])
    (row,) = gateway.outbox.rows.values()
    assert row.lookup_at == NOW + timedelta(seconds=5)


async def test_what_is_queued_while_it_sleeps_wakes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 3600.0)
    gateway = Gateway()
    async with gateway.pumping():
        await turns()
        await gateway.queue(PHONE)
        await until(lambda: at_rest(gateway, "submitted"))


@pytest.mark.parametrize("wish", [{"delay_s": 90}, {"send_at": NOW + timedelta(seconds=90)}])
async def test_what_is_not_due_waits(wish: dict[str, Any]) -> None:
    gateway = Gateway()
    await gateway.send(PHONE, **wish)
    async with gateway.pumping():
        gateway.clock.advance(89)
        await asyncio.sleep(0.01)
        assert gateway.submitted() == []
        gateway.clock.advance(1)
        await until(lambda: at_rest(gateway, "submitted"))


# Places.


async def test_no_more_is_claimed_than_can_be_sent_at_once() -> None:
    gateway = Gateway(concurrency=2)
    gateway.provider.gate.clear()
    await gateway.queue(*phones(7))
    async with gateway.pumping():
        await until(lambda: len(gateway.provider.submitted) == 2)
        await asyncio.sleep(0.01)
        assert sorted(gateway.statuses(phones(7))) == ["queued"] * 5 + ["sending"] * 2
        gateway.provider.gate.set()
        await until(lambda: at_rest(gateway, "submitted"))
    assert gateway.provider.most == 2
    assert sorted(gateway.submitted()) == phones(7)


async def test_a_queue_without_messages_takes_no_places_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = claims(monkeypatch)
    gateway = Gateway(concurrency=3)
    async with gateway.pumping():
        await until(lambda: asked)
        report = await asyncio.wait_for(gateway.send(*phones(9)), 30)
        assert report.failure_code is None
    assert gateway.carriers["smscru"].places.take_free(9) == 3
    assert [want.limit for want in asked] == [3], "once is enough where nothing waits"


async def test_places_are_free_again_whatever_came_of_the_messages() -> None:
    def mixed(message: Message) -> SubmitOutcome:
        if message.recipient.msisdn == PHONE:
            raise DefectError
        return DOWN

    gateway = Gateway(mixed, concurrency=4, max_attempts=1)
    await gateway.queue(PHONE, OTHER, *phones(5))
    await pump_until_rest(gateway, "failed", "unknown")
    assert gateway.carriers["smscru"].places.take_free(9) == 4


async def test_both_ways_together_keep_within_what_the_provider_allows() -> None:
    gateway = Gateway(concurrency=3)
    await gateway.queue(*phones(40))
    async with gateway.pumping():
        await asyncio.gather(*(gateway.send(f"7702000{n:04d}") for n in range(40)))
        await until(lambda: at_rest(gateway, "submitted"))
    assert gateway.provider.most == 3
    assert len(gateway.submitted()) == len({*gateway.submitted()}) == 80


async def test_messages_leave_at_the_providers_rate() -> None:
    at: list[float] = []

    def timed(_: Message) -> SubmitOutcome:
        at.append(asyncio.get_running_loop().time() - began)
        return Accepted("1")

    gateway = Gateway(timed, concurrency=10, spacing_s=0.02)
    await gateway.queue(*phones(4))
    began = asyncio.get_running_loop().time()
    await pump_until_rest(gateway, "submitted")
    assert all(after >= number * 0.02 - 0.002 for number, after in enumerate(sorted(at)))
    assert sorted(gateway.submitted()) == phones(4)


# Who goes first.


async def test_the_most_urgent_goes_first_then_who_came_first() -> None:
    gateway = Gateway(concurrency=1)
    bulk, usual, otp = phones(9)[:3], phones(9)[3:6], phones(9)[6:]
    await gateway.queue(*bulk, priority=Priority.BULK)
    await gateway.queue(*usual)
    await gateway.queue(*otp, priority=Priority.OTP)
    await pump_until_rest(gateway, "submitted")
    assert gateway.submitted() == [*otp, *usual, *bulk]


async def test_a_one_time_password_overtakes_a_campaign() -> None:
    gateway = Gateway(concurrency=1)
    gateway.provider.gate.clear()
    await gateway.queue(*phones(20), priority=Priority.BULK)
    async with gateway.pumping():
        await until(lambda: gateway.provider.submitted)
        await gateway.queue(PHONE, priority=Priority.OTP)
        gateway.provider.gate.set()
        await until(lambda: at_rest(gateway, "submitted"))
    assert gateway.submitted().index(PHONE) == 1


async def test_a_caller_who_waits_for_a_password_goes_before_the_campaigns_next_claim() -> None:
    gateway = Gateway(concurrency=1)
    gateway.provider.gate.clear()
    await gateway.queue(*phones(20), priority=Priority.BULK)
    async with gateway.pumping():
        await until(lambda: gateway.provider.submitted)
        sending = asyncio.create_task(gateway.send(PHONE, priority=Priority.OTP))
        await turns()
        gateway.provider.gate.set()
        await sending
        await until(lambda: at_rest(gateway, "submitted"))
    assert gateway.submitted().index(PHONE) == 1


async def test_a_campaign_is_not_starved_by_what_is_more_urgent() -> None:
    gateway = Gateway(concurrency=1)
    await gateway.queue(PHONE, priority=Priority.BULK)
    await gateway.queue(*phones(40), priority=Priority.OTP)
    await pump_until_rest(gateway, "submitted")
    assert gateway.submitted().index(PHONE) < 10


async def test_every_tenth_claim_has_the_lanes_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = claims(monkeypatch)
    gateway = Gateway(concurrency=1)
    await gateway.queue(*phones(30))
    async with gateway.pumping():
        await until(lambda: len(asked) >= 30)
    usual, reverse = tuple(Priority), tuple(reversed(Priority))
    assert [want.lanes for want in asked[:30]] == ([usual] * 9 + [reverse]) * 3


# What is not to be sent any more.


@pytest.mark.parametrize("force", [False, True])
async def test_what_has_expired_is_not_sent(*, force: bool) -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, ttl_s=60, force=force)
    gateway.clock.advance(60)
    await pump_until_rest(gateway, "expired")
    stored = gateway.outbox.message(PHONE)
    assert gateway.submitted() == []
    assert gateway.history(PHONE) == ["accepted", "expired"]
    assert stored.message.failure is not None
    assert (stored.message.failure.code, stored.message.attempts) == ("expired", 0)


def opt_out(gateway: Gateway, phone: str) -> None:
    entry = BlacklistEntry(Phone(f"+{phone}"), NOW)
    gateway.blacklist.entries[entry.phone] = entry


async def test_an_opt_out_counts_while_messages_wait() -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, OTHER)
    opt_out(gateway, PHONE)
    await pump_until_rest(gateway, "blocked", "submitted")
    stored = gateway.outbox.message(PHONE)
    assert (gateway.submitted(), stored.message.status) == ([OTHER], "blocked")
    assert stored.message.failure is not None
    assert (stored.message.failure.code, stored.message.attempts) == ("blacklisted", 0)
    assert gateway.history(PHONE) == ["accepted", "blocked"]


async def test_what_may_have_arrived_before_is_in_doubt_where_it_is_not_sent_again() -> None:
    gateway = Gateway()
    await gateway.queue(PHONE)
    (row,) = gateway.outbox.rows.values()
    row.write(replace(row.message, resends=1))
    opt_out(gateway, PHONE)
    await pump_until_rest(gateway, "unknown")
    stored = gateway.outbox.message(PHONE)
    assert gateway.submitted() == []
    assert stored.message.failure is not None
    assert stored.message.failure.code == "unconfirmed"
    assert gateway.history(PHONE) == ["accepted", "unknown"]
    assert (
        len(await gateway.outbox.claim_doubts(ClaimRequest(provider="smscru", limit=1, lease_s=9)))
        == 1
    )


async def test_who_forces_is_not_stopped_by_an_opt_out() -> None:
    gateway = Gateway(listed=(PHONE,))
    await gateway.queue(PHONE, force=True)
    await pump_until_rest(gateway, "submitted")
    assert gateway.submitted() == [PHONE]
    assert gateway.blacklist.asked == []


async def test_one_who_forces_does_not_force_for_others() -> None:
    gateway = Gateway()
    forced = await gateway.queue(PHONE, force=True)
    usual = await gateway.queue(PHONE)
    opt_out(gateway, PHONE)
    await pump_until_rest(gateway, "submitted", "blocked")
    rows = gateway.outbox.rows
    assert rows[forced.messages[0].id].message.status == "submitted"
    assert rows[usual.messages[0].id].message.status == "blocked"
    assert gateway.submitted() == [PHONE]


# Providers that do not take it.


async def test_the_next_provider_of_the_route_is_tried_at_once() -> None:
    gateway = Gateway(down, spares={"twilio": accepting})
    await gateway.queue(PHONE, fallback=["twilio"])
    await pump_until_rest(gateway, "submitted")
    stored = gateway.outbox.message(PHONE)
    assert (stored.message.provider, stored.message.attempts) == ("twilio", 2)
    assert gateway.history(PHONE) == ["accepted", "deferred", "submitted"]
    assert stored.history[1].text == "no connection; it is tried again with twilio at once"


async def test_a_message_with_one_provider_waits_longer_every_time() -> None:
    gateway = Gateway(down)
    await gateway.queue(PHONE)
    async with gateway.pumping():
        for attempts, wait_s in ((1, 2), (2, 4), (3, 8)):
            await until(lambda: gateway.history(PHONE).count("deferred") == attempts)  # noqa: B023 - over before it changes
            assert gateway.outbox.message(PHONE).message.due_at == gateway.clock.at + timedelta(
                seconds=wait_s
            )
            gateway.clock.advance(wait_s - 0.1)
            await asyncio.sleep(0.01)
            assert len(gateway.submitted()) == attempts
            gateway.clock.advance(0.1)
    texts = [event.text for event in gateway.outbox.message(PHONE).history[1:4]]
    assert texts[0] == "no connection; it is tried again with smscru in 2 s"


async def test_it_waits_as_long_as_the_provider_asks() -> None:
    busy = Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=45)
    gateway = Gateway(lambda _: busy)
    await gateway.queue(PHONE)
    async with gateway.pumping():
        await until(lambda: gateway.history(PHONE)[1:] == ["deferred"])
    assert gateway.outbox.message(PHONE).message.due_at == NOW + timedelta(seconds=45)


async def test_it_has_failed_when_it_was_tried_often_enough() -> None:
    gateway = Gateway(down, spares={"twilio": down}, max_attempts=2)
    await gateway.queue(PHONE, fallback=["twilio"])
    await pump_until_rest(gateway, "failed")
    stored = gateway.outbox.message(PHONE)
    assert (len(gateway.submitted()), len(gateway.submitted("twilio"))) == (1, 1)
    assert gateway.history(PHONE) == ["accepted", "deferred", "failed"]
    assert stored.history[-1].text == "no connection; it was tried often enough"
    assert stored.message.failure is not None
    assert stored.message.failure.code == "provider_unreachable"


def unusable(_: Message) -> SubmitOutcome:
    return Unavailable(kind=UnavailableKind.CONFIGURATION)


@pytest.mark.parametrize("answer", [unusable, accepting])
async def test_each_message_is_handed_over_once_in_a_round(answer: Answering) -> None:
    gateway = Gateway(answer, spares={"twilio": accepting}, concurrency=5)
    await gateway.queue(*phones(60), fallback=["twilio"])
    await pump_until_rest(gateway, "submitted")
    for code in gateway.providers:
        assert len(gateway.submitted(code)) == len({*gateway.submitted(code)})
    last = "smscru" if answer is accepting else "twilio"
    assert sorted(gateway.submitted(last)) == phones(60)


async def test_a_process_that_slept_does_not_send_what_it_had_claimed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim, slept = MemoryOutbox.claim, False

    async def sleepy(outbox: MemoryOutbox, want: ClaimRequest) -> Claim:
        nonlocal slept
        found = await claim(outbox, want)
        if found.claimed and not slept:
            slept = True
            gateway.clock.advance(START_WITHIN_S)
        return found

    monkeypatch.setattr(MemoryOutbox, "claim", sleepy)
    gateway = Gateway()
    await gateway.queue(PHONE)
    async with gateway.pumping():
        await until(lambda: at_rest(gateway, "submitted"))
    assert gateway.submitted() == [PHONE]
    assert gateway.history(PHONE)[1:] == ["submitted"]
    assert gateway.outbox.message(PHONE).message.attempts == 1, "the first one had not begun"


# Circuits.


async def test_a_provider_whose_circuit_is_open_gets_nothing() -> None:
    gateway = Gateway()
    await gateway.open_circuit("smscru")
    await gateway.queue(*phones(5))
    async with gateway.pumping():
        await asyncio.sleep(0.02)
    assert gateway.submitted() == []
    assert gateway.statuses(phones(5)) == ["queued"] * 5


async def test_one_message_tries_whether_it_is_well_again_and_then_all_go() -> None:
    gateway = Gateway(concurrency=5)
    gateway.provider.gate.clear()
    await gateway.open_circuit("smscru", 10)
    await gateway.queue(*phones(5))
    gateway.clock.advance(10)
    await gateway.upkeep.once()
    async with gateway.pumping():
        await until(lambda: gateway.provider.submitted)
        await asyncio.sleep(0.01)
        assert len(gateway.submitted()) == 1
        gateway.provider.gate.set()
        await until(lambda: at_rest(gateway, "submitted"))
    assert not gateway.breakers.state("smscru").open


async def test_a_probe_that_fails_keeps_the_others_waiting_longer() -> None:
    gateway = Gateway(down, concurrency=5)
    await gateway.open_circuit("smscru", 10)
    await gateway.queue(*phones(5))
    gateway.clock.advance(10)
    await gateway.upkeep.once()
    async with gateway.pumping():
        await until(lambda: gateway.breakers.state("smscru").trips == 2)
        gateway.clock.advance(19)
        await asyncio.sleep(0.01)
    assert len(gateway.submitted()) == 1
    assert gateway.statuses(phones(5)) == ["queued"] * 5


async def test_who_has_nothing_to_send_does_not_use_up_the_right_to_try() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.open_circuit("smscru", 10)
    gateway.clock.advance(10)
    async with gateway.pumping():
        await gateway.upkeep.once()
        await asyncio.sleep(0.01)
        await gateway.upkeep.once()
        await gateway.send(PHONE, fallback=["twilio"])
    assert gateway.submitted() == [PHONE]


async def test_a_provider_that_is_paused_gets_nothing_meanwhile() -> None:
    gateway = Gateway()
    await gateway.states.pause("smscru", 0.2)
    await gateway.queue(PHONE)
    async with gateway.pumping():
        await asyncio.sleep(0.01)
        assert gateway.submitted() == []
        gateway.clock.advance(0.2)
        await until(lambda: at_rest(gateway, "submitted"))


# The database away.


async def test_while_the_database_is_away_nothing_is_sent_and_then_it_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    await gateway.queue(PHONE)
    gateway.outbox.away = True
    with caplog.at_level(logging.WARNING):
        async with gateway.pumping():
            await asyncio.sleep(0.02)
            assert gateway.submitted() == []
            gateway.outbox.away = False
            await until(lambda: at_rest(gateway, "submitted"))
    assert "sending through smscru not done, trying again" in caplog.text
    assert gateway.carriers["smscru"].places.take_free(9) == 3


async def test_without_the_blacklist_messages_go_back_and_are_sent_when_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed, calls = MemoryBlacklist.listed, 0

    async def away(blacklist: MemoryBlacklist, phones: Sequence[Phone]) -> frozenset[Phone]:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise StorageUnavailableError("memory: away")
        return await listed(blacklist, phones)

    gateway = Gateway()
    await gateway.queue(PHONE, OTHER)
    monkeypatch.setattr(MemoryBlacklist, "listed", away)
    await pump_until_rest(gateway, "submitted")
    assert sorted(gateway.submitted()) == sorted([PHONE, OTHER])
    for phone in (PHONE, OTHER):
        assert gateway.outbox.message(phone).message.attempts == 1
        assert gateway.history(phone) == ["accepted", "submitted"]
    assert gateway.carriers["smscru"].places.take_free(9) == 3


async def test_a_settlement_that_fails_is_written_later_and_nothing_is_sent_twice() -> None:
    gateway = Gateway()
    await gateway.queue(PHONE)
    gateway.outbox.settles_away = 1
    await pump_until_rest(gateway, "submitted")
    assert gateway.submitted() == [PHONE]


async def test_an_error_nobody_foresaw_does_not_end_the_sending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_first(monkeypatch, "claim")
    gateway = Gateway()
    await gateway.queue(PHONE)
    async with gateway.pumping():
        await until(lambda: at_rest(gateway, "submitted"))
    assert gateway.submitted() == [PHONE]


# The end.


async def test_who_is_stopped_claims_no_more() -> None:
    gateway = Gateway()
    async with one_pump(gateway) as pump:
        await turns()
        pump.stop()
        await gateway.queue(PHONE)
        await asyncio.sleep(0.02)
    assert gateway.submitted() == []
    assert gateway.outbox.message(PHONE).message.status == "queued"


@pytest.mark.parametrize("spacing_s", [0.0, 0.05])
async def test_what_was_claimed_and_not_begun_goes_back_as_if_nothing_had_been(
    monkeypatch: pytest.MonkeyPatch, spacing_s: float
) -> None:
    claim = MemoryOutbox.claim
    pumps: list[Pump] = []

    async def last(outbox: MemoryOutbox, want: ClaimRequest) -> Claim:
        found = await claim(outbox, want)
        if found.claimed:
            for pump in pumps:
                pump.stop()
        return found

    monkeypatch.setattr(MemoryOutbox, "claim", last)
    gateway = Gateway(concurrency=5, spacing_s=spacing_s)
    async with one_pump(gateway) as pump:
        pumps.append(pump)
        await gateway.queue(*phones(3))
        await until(lambda: at_rest(gateway, "sending"))
    assert gateway.submitted() == []
    for phone in phones(3):
        stored = gateway.outbox.message(phone)
        assert (stored.message.status, stored.message.attempts) == ("queued", 0)
        assert gateway.history(phone) == ["accepted"]
    assert gateway.carriers["smscru"].places.take_free(9) == 5


@asynccontextmanager
async def two_under_way() -> AsyncIterator[tuple[Gateway, Pump]]:
    """Stop a pump when the provider has two messages of five, and is silent about them."""
    gateway = Gateway(concurrency=2)
    gateway.provider.gate.clear()
    await gateway.queue(*phones(5))
    async with one_pump(gateway) as pump:
        await until(lambda: len(gateway.provider.submitted) == 2)
        pump.stop()
        yield gateway, pump


async def test_what_is_under_way_ends_and_is_settled() -> None:
    async with two_under_way() as (gateway, pump):
        closing = asyncio.create_task(pump.close())
        await turns()
        assert not closing.done()
        gateway.provider.gate.set()
        await asyncio.wait_for(closing, 30)
        assert gateway.statuses(phones(5)) == ["submitted"] * 2 + ["queued"] * 3
    assert gateway.provider.most == 2


async def test_what_is_cut_off_is_in_doubt_and_looked_up() -> None:
    async with two_under_way() as (gateway, pump):
        gateway.attempts.cut_off()
        await asyncio.wait_for(pump.close(), 30)
    assert gateway.statuses(phones(5)) == ["unknown"] * 2 + ["queued"] * 3
    in_doubt = [row for row in gateway.outbox.rows.values() if row.message.status == "unknown"]
    assert {row.lookup_at for row in in_doubt} == {NOW + timedelta(seconds=5)}


async def test_one_that_waits_for_a_place_can_be_stopped() -> None:
    gateway = Gateway(concurrency=1)
    sending = await gateway.start(PHONE)
    async with one_pump(gateway) as pump:
        await turns()
        await asyncio.wait_for(pump.close(), 30)
    gateway.provider.gate.set()
    await sending
    assert gateway.carriers["smscru"].places.take_free(9) == 1


async def test_one_that_never_began_can_be_closed() -> None:
    gateway = Gateway()
    await asyncio.wait_for(Pump(gateway.carriers["smscru"], gateway.tools).close(), 30)
