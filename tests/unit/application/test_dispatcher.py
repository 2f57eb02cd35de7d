"""Written, handed over, settled: in this order, whatever becomes of it."""

import asyncio
import logging
from datetime import timedelta

import pytest

from application import dispatcher
from application.errors import StorageUnavailableError
from application.ports.outbox import Settlement
from domain.message import Channel, Failure, Message
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from tests.fakes import NOW, MemoryOutbox
from tests.unit.application.gateway import OTHER, PHONE, Gateway, phones

OUTCOMES = [
    (Accepted("SM1"), "submitted", ["accepted", "submitted"]),
    (Accepted("SM1", delivered=True), "delivered", ["accepted", "submitted", "delivered"]),
    (
        Rejected(reason=RejectReason.RECIPIENT, provider_code="7", text="bad number"),
        "rejected",
        ["accepted", "rejected"],
    ),
    (Unavailable(kind=UnavailableKind.NO_MONEY, text="no money"), "failed", ["accepted", "failed"]),
    (Unconfirmed("no answer within 30 s"), "unknown", ["accepted", "unknown"]),
]
WAYS = [pytest.param((PHONE,), id="one"), pytest.param((PHONE, OTHER), id="many")]


class DefectError(Exception):
    """Something a provider adapter should never raise."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "SETTLE_DELAYS_S", (0, 0, 0, 0))


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("recipients", WAYS)
@pytest.mark.parametrize(("outcome", "status", "history"), OUTCOMES)
async def test_it_is_on_disk_before_the_provider_hears_of_it_and_settled_after(
    outcome: SubmitOutcome,
    status: str,
    history: list[str],
    recipients: tuple[str, ...],
    channel: Channel,
) -> None:
    gateway = Gateway(lambda _: outcome)
    report = await gateway.send(*recipients, channel=channel)
    for phone in recipients:
        order = [what for what, whom in gateway.journal if whom == phone]
        assert order == ["accept sending", "submit", "settle"]
        stored = gateway.outbox.message(phone)
        assert stored.message.status == status
        assert [event.name for event in stored.history] == history
        assert stored.message in report.messages


async def test_the_provider_gets_the_message_as_it_was_written() -> None:
    gateway = Gateway()
    await gateway.send(PHONE, text=" Код 4821\n", sender="ACME", reference="order-17")
    (message,) = gateway.provider.submitted
    assert (message.text, message.recipient.msisdn) == (" Код 4821\n", PHONE)
    assert message.sender is not None
    assert (message.sender.text, message.reference) == ("ACME", "order-17")
    assert (message.status, message.attempts) == ("sending", 1)


async def test_a_refusal_is_kept_in_our_words_and_in_the_providers() -> None:
    refusal = Rejected(reason=RejectReason.SENDER, provider_code="21212", text="Invalid From")
    gateway = Gateway(lambda _: refusal)
    report = await gateway.send(PHONE)
    assert report.messages[0].failure == Failure("sender_refused", "Invalid From", "21212")
    event = gateway.outbox.message(PHONE).history[-1]
    assert (event.provider, event.provider_code, event.text) == ("smscru", "21212", "Invalid From")


async def test_the_history_tells_how_long_the_provider_took() -> None:
    def slow(_: Message) -> SubmitOutcome:
        gateway.clock.seconds += 0.25
        gateway.clock.at += timedelta(seconds=0.25)
        return Accepted("1")

    gateway = Gateway(slow)
    await gateway.send(PHONE)
    event = gateway.outbox.message(PHONE).history[-1]
    assert (event.duration_ms, event.at) == (250, NOW + timedelta(seconds=0.25))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("recipients", WAYS)
async def test_a_settlement_that_fails_is_tried_again(recipients: tuple[str, ...]) -> None:
    gateway = Gateway(concurrency=1)
    gateway.outbox.settles_away = 4
    report = await gateway.send(*recipients)
    assert {message.status for message in report.messages} == {"submitted"}
    await gateway.dispatcher.close()
    assert gateway.outbox.message(PHONE).message.status == "submitted"
    assert len(gateway.provider.submitted) == len(recipients)


@pytest.mark.usefixtures("quick")
async def test_the_caller_gets_the_outcome_though_it_could_never_be_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    gateway.outbox.settles_away = 100
    report = await gateway.send(PHONE)
    assert report.messages[0].status == "submitted"
    await gateway.dispatcher.close()
    assert gateway.outbox.settles == 5
    assert gateway.outbox.message(PHONE).message.status == "sending"
    assert f"not settled: message {report.messages[0].id}" in caplog.text


@pytest.mark.usefixtures("quick")
async def test_no_error_of_the_settlement_hides_what_the_provider_has_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle = MemoryOutbox.settle

    async def defective(outbox: MemoryOutbox, settlement: Settlement) -> bool:
        del outbox, settlement
        monkeypatch.setattr(MemoryOutbox, "settle", settle)
        raise DefectError

    monkeypatch.setattr(MemoryOutbox, "settle", defective)
    gateway = Gateway()
    report = await gateway.send(PHONE)
    assert report.messages[0].status == "submitted"
    await gateway.dispatcher.close()
    assert gateway.outbox.message(PHONE).message.status == "submitted"


async def test_a_settlement_that_hangs_does_not_hold_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher, "PATIENCE_S", 0.01)
    monkeypatch.setattr(dispatcher, "LAST_CHANCE_S", 0.01)

    async def hanging(outbox: MemoryOutbox, settlement: Settlement) -> bool:
        del outbox, settlement
        await asyncio.sleep(60)
        return True

    monkeypatch.setattr(MemoryOutbox, "settle", hanging)
    gateway = Gateway()
    async with asyncio.timeout(5):
        report = await gateway.send(PHONE)
        await gateway.dispatcher.close()
    assert report.messages[0].status == "submitted"


async def test_the_pauses_between_settlements_grow() -> None:
    assert list(dispatcher.SETTLE_DELAYS_S) == sorted(set(dispatcher.SETTLE_DELAYS_S))
    assert dispatcher.SETTLE_DELAYS_S[0] > 0


async def test_a_settlement_with_a_lost_lease_changes_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    sending = await gateway.start(PHONE)
    for row in gateway.outbox.rows.values():
        row.token = None
    gateway.provider.gate.set()
    with caplog.at_level(logging.WARNING):
        report = await sending
    assert report.messages[0].status == "submitted"
    assert gateway.outbox.message(PHONE).message.status == "sending"
    assert f"settlement fenced: message {report.messages[0].id}" in caplog.text
    assert PHONE not in caplog.text


@pytest.mark.parametrize("recipients", WAYS)
async def test_what_cannot_be_written_is_not_sent(recipients: tuple[str, ...]) -> None:
    gateway = Gateway()
    gateway.outbox.away_at = frozenset({0})
    with pytest.raises(StorageUnavailableError):
        await gateway.send(*recipients)
    assert gateway.provider.submitted == []


async def test_a_defect_in_a_provider_leaves_the_message_in_doubt_and_is_raised() -> None:
    def defective(_: Message) -> SubmitOutcome:
        raise DefectError

    gateway = Gateway(defective)
    with pytest.raises(DefectError):
        await gateway.send(PHONE)
    assert gateway.outbox.message(PHONE).message.status == "sending"
    assert gateway.outbox.settles == 0


async def test_a_defect_with_one_of_many_is_raised_once_no_other_is_under_way() -> None:
    def defective_once(message: Message) -> SubmitOutcome:
        if message.recipient.msisdn == PHONE:
            raise DefectError
        return Accepted("1")

    gateway = Gateway(defective_once)
    with pytest.raises(DefectError):
        await gateway.send(PHONE, *phones(20))
    assert gateway.outbox.message(PHONE).message.status == "sending"
    statuses = [gateway.outbox.message(phone).message.status for phone in phones(20)]
    assert set(statuses) == {"submitted"}


@pytest.mark.parametrize("recipients", WAYS)
async def test_a_send_that_is_cancelled_leaves_its_messages_in_doubt(
    recipients: tuple[str, ...],
) -> None:
    gateway = Gateway()
    sending = await gateway.start(*recipients)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    for phone in recipients:
        assert gateway.outbox.message(phone).message.status == "sending"
    assert gateway.outbox.settles == 0
    gateway.provider.gate.set()
    await asyncio.sleep(0)
    assert gateway.outbox.settles == 0


async def test_a_cancelled_send_gives_its_places_back() -> None:
    gateway = Gateway(concurrency=1)
    sending = await gateway.start(PHONE)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    gateway.provider.gate.set()
    report = await asyncio.wait_for(gateway.send(OTHER), 1)
    assert report.failure_code is None


async def test_no_more_are_under_way_than_the_provider_allows() -> None:
    gateway = Gateway(concurrency=3)
    reports = await asyncio.gather(*(gateway.send(*phones(10)) for _ in range(5)))
    assert gateway.provider.most == 3
    assert all(report.failure_code is None for report in reports)
    assert len(gateway.provider.submitted) == 50


async def test_nothing_is_written_as_sending_before_the_provider_has_a_free_place() -> None:
    gateway = Gateway(concurrency=2)
    gateway.provider.gate.clear()
    sending = asyncio.create_task(gateway.send(*phones(10)))
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(gateway.outbox.rows) == len(gateway.provider.submitted) == 2
    gateway.provider.gate.set()
    assert (await sending).failure_code is None
