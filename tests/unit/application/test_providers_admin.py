"""A provider that is paused is handed nothing, by nobody, until it is resumed."""

from dataclasses import replace
from decimal import Decimal

import pytest

from application.places import Places
from application.providers_admin import ManageProviders
from application.routing import Carrier, Routing
from domain.lookup import Balance, NoAnswer
from domain.outcome import Accepted, Unavailable, UnavailableKind
from tests.fakes import FixedClock
from tests.fakes.audit import OPERATOR
from tests.unit.application.gateway import PHONE, Gateway, accepting, phones, turns, until

CODE = "smscru"
DAY_S = 86_400


OPS = replace(OPERATOR, name="ops")


def managing(gateway: Gateway) -> ManageProviders:
    routing = Routing(gateway.carriers, CODE)
    return ManageProviders(routing, gateway.states, gateway.breakers, gateway.clock, gateway.audit)


class Purse:
    """A provider that tells a balance."""

    def __init__(self, told: Balance | NoAnswer) -> None:
        self.told = told
        self.asked = 0

    async def balance(self) -> Balance | NoAnswer:
        self.asked += 1
        return self.told


async def test_who_waits_for_a_paused_provider_is_told_at_once_and_nothing_is_sent() -> None:
    gateway = Gateway()
    await managing(gateway).pause(CODE, None, OPS)
    report = await gateway.send(PHONE)
    assert gateway.submitted() == []
    assert report.failure_code == "provider_unavailable"
    assert gateway.status(PHONE) == "failed"
    assert gateway.history(PHONE) == ["accepted", "routed", "failed"]
    assert gateway.outbox.message(PHONE).history[1].text == "smscru is left out: paused by ops"


async def test_the_next_provider_is_taken_instead() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await managing(gateway).pause(CODE, None, OPS)
    assert (await gateway.send(PHONE, fallback=["twilio"])).failure_code is None
    assert (gateway.submitted(), gateway.submitted("twilio")) == ([], [PHONE])


async def test_where_all_others_are_in_trouble_they_are_tried_but_not_the_paused_one() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await managing(gateway).pause(CODE, None, OPS)
    await gateway.open_circuit("twilio")
    assert (await gateway.send(PHONE, fallback=["twilio"])).failure_code is None
    assert (gateway.submitted(), gateway.submitted("twilio")) == ([], [PHONE])


async def test_queued_messages_wait_until_it_is_resumed_however_long_that_is() -> None:
    gateway = Gateway()
    manage = managing(gateway)
    await manage.pause(CODE, None, OPS)
    await gateway.queue(*phones(5))
    async with gateway.pumping():
        gateway.clock.advance(DAY_S / 2)
        await gateway.upkeep.once()
        await turns()
        assert gateway.submitted() == []
        assert gateway.statuses(phones(5)) == ["queued"] * 5
        await manage.resume(CODE)
        await until(lambda: gateway.statuses(phones(5)) == ["submitted"] * 5)


async def test_queued_messages_go_to_the_next_provider_of_their_route() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await managing(gateway).pause(CODE, None, OPS)
    await gateway.queue(PHONE, fallback=["twilio"])
    await gateway.upkeep.once()
    async with gateway.pumping():
        await until(lambda: gateway.submitted("twilio") == [PHONE])
    assert gateway.submitted() == []


async def test_a_pause_with_an_end_is_over_by_itself() -> None:
    gateway = Gateway()
    await managing(gateway).pause(CODE, 600, OPS)
    gateway.clock.advance(601)
    await gateway.breakers.refresh()
    assert not gateway.breakers.state(CODE).open
    assert (await gateway.send(PHONE)).failure_code is None


async def test_outcomes_of_what_was_under_way_do_not_end_a_pause() -> None:
    gateway = Gateway()
    started = gateway.clock.monotonic()
    await managing(gateway).pause(CODE, None, OPS)
    no_money = Unavailable(kind=UnavailableKind.NO_MONEY)
    for outcome in (Accepted("1"), no_money):
        await gateway.breakers.observe(CODE, outcome, started=started + 1, probe=True)
    assert gateway.breakers.state(CODE).held


async def test_resuming_closes_a_circuit_that_has_opened_by_itself() -> None:
    gateway = Gateway()
    await gateway.open_circuit(CODE)
    report = await managing(gateway).resume(CODE)
    assert report is not None
    assert not report.state.open
    assert not gateway.breakers.state(CODE).open


async def test_every_provider_is_reported_with_what_is_known_of_it() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    manage = managing(gateway)
    await manage.pause("twilio", 600, OPS)
    first, second = await manage.all()
    assert (first.carrier.code, first.default, first.state.open) == (CODE, True, False)
    assert (second.carrier.code, second.default, second.state.held) == ("twilio", False, True)
    assert first.balance is None


@pytest.mark.parametrize("code", ["twilio", "nobody", ""])
async def test_what_is_not_there_is_not_found(code: str) -> None:
    manage = managing(Gateway())
    assert await manage.pause(code, None, OPS) is None
    assert await manage.resume(code) is None
    assert await manage.check(code) is None


async def test_the_old_name_of_a_provider_is_known() -> None:
    gateway = Gateway(spares={"epochtasmsru": accepting})
    report = await managing(gateway).pause("epochtaru", None, OPS)
    assert report is not None
    assert report.carrier.code == "epochtasmsru"


@pytest.mark.parametrize("told", [Balance(Decimal("12.5"), "KZT"), NoAnswer("no such login")])
async def test_the_balance_is_asked_for_only_when_it_is_wanted(told: Balance | NoAnswer) -> None:
    gateway, purse = Gateway(), Purse(told)
    carrier = Carrier(code=CODE, timeout_s=30, places=Places(1), balance=purse)
    routing = Routing({CODE: carrier}, CODE)
    manage = ManageProviders(routing, gateway.states, gateway.breakers, FixedClock(), gateway.audit)
    await manage.all()
    assert purse.asked == 0
    assert [report.balance for report in await manage.all(balance=True)] == [told]
    report = await manage.check(CODE)
    assert report is not None
    assert report.balance == told


async def test_a_provider_that_cannot_tell_its_balance_is_not_asked() -> None:
    (report,) = await managing(Gateway()).all(balance=True)
    assert isinstance(report.balance, NoAnswer)
