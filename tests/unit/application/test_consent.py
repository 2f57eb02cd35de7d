"""Nothing is sent to who wants nothing: from anybody, or from one sender."""

from dataclasses import replace

import pytest

from application import settler
from application.consent import Consent
from application.errors import StorageUnavailableError
from application.ports.opt_outs import OptOut
from domain.blacklist import BlacklistSource
from domain.message import Channel, Message
from domain.outcome import Rejected, RejectReason, SubmitOutcome
from domain.phone import Phone
from domain.sender_id import SenderId
from tests.fakes import NOW, MemoryBlacklist, MemoryOptOuts
from tests.unit.application.gateway import OTHER, PHONE, Gateway, accepting, phones, until

OPT_OUT = OptOut(phone=Phone(f"+{PHONE}"), provider="twilio", sender=None, created_at=NOW)
REFUSED = Rejected(reason=RejectReason.OPTED_OUT, provider_code="21610", text="unsubscribed")


def opted_out(_: Message) -> SubmitOutcome:
    return REFUSED


async def gateway_with(*opt_outs: OptOut) -> Gateway:
    """Make a gateway that has Twilio, too."""
    gateway = Gateway(spares={"twilio": accepting})
    for opt_out in opt_outs:
        await gateway.opt_outs.add(opt_out)
    return gateway


async def test_who_opted_out_of_a_sender_is_not_written_to() -> None:
    gateway = await gateway_with(OPT_OUT)
    report = await gateway.send(PHONE, provider="twilio")
    assert report.failure_code == "opted_out"
    assert gateway.status(PHONE) == "blocked"
    assert gateway.history(PHONE) == ["accepted", "blocked"]
    (*_, event) = gateway.outbox.message(PHONE).history
    assert "opted out of this sender" in event.text
    assert gateway.submitted("twilio") == []


async def test_others_are_written_to() -> None:
    gateway = await gateway_with(OPT_OUT)
    report = await gateway.send(PHONE, OTHER, provider="twilio")
    assert report.failure_code == "opted_out"
    assert gateway.submitted("twilio") == [OTHER]


async def test_another_sender_may_write() -> None:
    gateway = await gateway_with(OPT_OUT)
    report = await gateway.send(PHONE, provider="twilio", sender="ACME")
    assert report.failure_code is None


async def test_another_provider_may_write() -> None:
    gateway = await gateway_with(OPT_OUT)
    assert (await gateway.send(PHONE)).failure_code is None


async def test_force_writes_without_asking() -> None:
    gateway = await gateway_with(OPT_OUT)
    report = await gateway.send(PHONE, provider="twilio", force=True)
    assert report.failure_code is None
    assert gateway.opt_outs.asked == []


async def test_only_providers_that_keep_them_apart_are_asked_about() -> None:
    gateway = await gateway_with(OPT_OUT)
    await gateway.send(PHONE, OTHER)
    await gateway.queue(PHONE)
    async with gateway.pumping():
        await until(lambda: len(gateway.submitted()) == 3)
    assert gateway.opt_outs.asked == []


async def test_who_opts_out_while_a_message_waits_does_not_get_it() -> None:
    gateway = await gateway_with()
    await gateway.queue(PHONE, provider="twilio")
    await gateway.queue(OTHER, provider="twilio")
    await gateway.opt_outs.add(OPT_OUT)
    async with gateway.pumping():
        await until(lambda: gateway.submitted("twilio") == [OTHER])
        await until(lambda: gateway.status(PHONE) == "blocked")
    failure = gateway.outbox.message(PHONE).message.failure
    assert failure is not None
    assert failure.code == "opted_out"


async def test_who_opts_out_in_the_middle_of_a_request_does_not_get_it() -> None:
    many = phones(3)
    last = replace(OPT_OUT, phone=Phone(f"+{many[-1]}"))

    def telling(message: Message) -> SubmitOutcome:
        gateway.opt_outs.kept[last.phone, "twilio", None] = last
        return accepting(message)

    gateway = Gateway(spares={"twilio": telling}, concurrency=1)
    report = await gateway.send(*many, provider="twilio")
    assert report.failure_code == "opted_out"
    assert gateway.submitted("twilio") == many[:2]


async def test_many_are_asked_about_in_slices() -> None:
    many = [Phone(f"+{phone}") for phone in phones(2500)]
    opt_outs = MemoryOptOuts()
    for phone in many[::100]:
        await opt_outs.add(replace(OPT_OUT, phone=phone))
    blacklist = MemoryBlacklist([phone.e164 for phone in many[1::100]])
    refusals = await Consent(blacklist, opt_outs, {"twilio"}).refusals(many, "twilio")
    assert blacklist.asked == [1000, 1000, 500]
    assert refusals.listed == {*many[1::100]}
    assert refusals.opted_out == {(phone, None) for phone in many[::100]}


async def test_an_opt_out_of_messages_does_not_keep_calls_away() -> None:
    consent = Consent(MemoryBlacklist(), MemoryOptOuts(), {"twilio"})
    await consent.refused(await refused_message("twilio"))
    refusals = await consent.refusals([OPT_OUT.phone], "twilio")
    assert refusals.of(OPT_OUT.phone, Channel.SMS, None) is not None
    assert refusals.of(OPT_OUT.phone, Channel.CALL, None) is None
    assert refusals.of(OPT_OUT.phone, Channel.SMS, SenderId("ACME")) is None


async def test_a_refusal_is_remembered_for_the_sender() -> None:
    gateway = Gateway(spares={"twilio": opted_out})
    report = await gateway.send(PHONE, provider="twilio", sender="ACME")
    assert report.failure_code == "opted_out"
    assert gateway.status(PHONE) == "rejected"
    (kept,) = gateway.opt_outs.kept.values()
    assert (kept.phone, kept.sender, kept.provider_code) == (
        OPT_OUT.phone,
        SenderId("ACME"),
        "21610",
    )
    assert not gateway.blacklist.entries
    again = await gateway.send(PHONE, provider="twilio", sender="ACME")
    assert again.failure_code == "opted_out"
    assert len(gateway.submitted("twilio")) == 1


async def test_a_refusal_is_remembered_before_its_message_is_at_its_end() -> None:
    gateway = Gateway(spares={"twilio": opted_out})
    gateway.outbox.settles_away = 1  # the first settlement is lost
    await gateway.send(PHONE, provider="twilio")
    assert gateway.status(PHONE) == "sending"
    assert [*gateway.opt_outs.kept] == [(OPT_OUT.phone, "twilio", None)]


async def test_a_refusal_in_the_background_is_remembered() -> None:
    gateway = Gateway(spares={"twilio": opted_out})
    await gateway.queue(PHONE, provider="twilio")
    async with gateway.pumping():
        await until(lambda: gateway.status(PHONE) == "rejected")
    assert [*gateway.opt_outs.kept] == [(OPT_OUT.phone, "twilio", None)]


async def test_a_refusal_that_names_no_sender_puts_the_phone_on_the_blacklist() -> None:
    gateway = Gateway(opted_out)
    await gateway.send(PHONE)
    entry = await gateway.blacklist.find(OPT_OUT.phone)
    assert entry is not None
    assert entry.source is BlacklistSource.PROVIDER
    assert entry.reason is not None
    assert "smscru" in entry.reason
    assert not gateway.opt_outs.kept


@pytest.mark.parametrize("reason", [r for r in RejectReason if r is not RejectReason.OPTED_OUT])
async def test_no_other_refusal_is_an_opt_out(reason: RejectReason) -> None:
    gateway = Gateway(lambda _: Rejected(reason=reason), spares={"twilio": accepting})
    await gateway.send(PHONE)
    assert not gateway.blacklist.entries
    assert not gateway.opt_outs.kept


async def test_a_blocked_message_is_no_new_opt_out() -> None:
    gateway = await gateway_with()
    await gateway.queue(PHONE, provider="twilio")
    await gateway.opt_outs.add(OPT_OUT)
    async with gateway.pumping():
        await until(lambda: gateway.status(PHONE) == "blocked")
    assert [*gateway.opt_outs.kept.values()] == [OPT_OUT]


async def test_an_opt_out_that_cannot_be_written_is_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Gateway(spares={"twilio": opted_out})
    add, calls = MemoryOptOuts.add, 0

    async def away(opt_outs: MemoryOptOuts, opt_out: OptOut) -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise StorageUnavailableError
        await add(opt_outs, opt_out)

    monkeypatch.setattr(MemoryOptOuts, "add", away)
    monkeypatch.setattr(settler, "DELAYS_S", (0.0, 0.0))
    report = await gateway.send(PHONE, provider="twilio")
    assert report.failure_code == "opted_out"
    await gateway.settler.close(5)
    assert [*gateway.opt_outs.kept] == [(OPT_OUT.phone, "twilio", None)]


async def refused_message(provider: str) -> Message:
    gateway = Gateway(spares={provider: opted_out})
    await gateway.send(PHONE, provider=provider)
    return gateway.outbox.message(PHONE).message
