"""Written, handed over, settled: in this order, whatever becomes of it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from application import admission, dispatcher, settler
from application.admission import PATIENCE_S
from application.attempts import START_WITHIN_S
from application.errors import DuplicateKeyError, StorageUnavailableError
from application.ports.outbox import Settlement
from domain.idempotency import IdempotencyKey
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
from tests.fakes import NOW, MemoryOutbox, MemoryProviderStates
from tests.unit.application.gateway import OTHER, PHONE, Gateway, accepting, phones, turns, until
from tests.unit.application.trouble import DefectError, break_first, hang_settling

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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settler, "DELAYS_S", (0.0, 0.0, 0.0, 0.0))


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
    await gateway.settler.close(5)
    assert gateway.outbox.message(PHONE).message.status == "submitted"
    assert len(gateway.provider.submitted) == len(recipients)


@pytest.mark.usefixtures("quick")
async def test_no_error_of_the_settlement_hides_what_the_provider_has_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_first(monkeypatch, "settle")
    gateway = Gateway()
    report = await gateway.send(PHONE)
    assert report.messages[0].status == "submitted"
    await gateway.settler.close(5)
    assert gateway.outbox.message(PHONE).message.status == "submitted"


@pytest.mark.parametrize("recipients", WAYS)
async def test_what_cannot_be_written_is_not_sent(recipients: tuple[str, ...]) -> None:
    gateway = Gateway()
    gateway.outbox.away_at = frozenset({0})
    with pytest.raises(StorageUnavailableError):
        await gateway.send(*recipients)
    assert gateway.provider.submitted == []


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


async def test_the_caller_gets_the_outcome_though_it_cannot_be_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    gateway.outbox.settles_away = 100
    report = await gateway.send(PHONE)
    assert report.messages[0].status == "submitted"
    assert gateway.status(PHONE) == "sending"
    await gateway.settler.close(0)
    assert "a settlement was not written; its message will be looked up" in caplog.text


async def test_a_settlement_that_hangs_does_not_hold_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hang_settling(monkeypatch)
    gateway = Gateway()
    async with asyncio.timeout(30):
        report = await gateway.send(PHONE)
        await gateway.settler.close(0.01)
    assert report.messages[0].status == "submitted"


async def test_the_caller_gets_the_outcome_though_the_lease_was_lost() -> None:
    gateway = Gateway()
    sending = await gateway.start(PHONE)
    for row in gateway.outbox.rows.values():
        row.token = None
    gateway.provider.gate.set()
    report = await sending
    assert report.messages[0].status == "submitted"
    assert gateway.status(PHONE) == "sending"


@pytest.mark.parametrize("recipients", WAYS)
async def test_a_defect_in_a_provider_is_an_outcome_nobody_knows(
    recipients: tuple[str, ...],
) -> None:
    def defective_once(message: Message) -> SubmitOutcome:
        if message.recipient.msisdn == PHONE:
            raise DefectError
        return Accepted("1")

    gateway = Gateway(defective_once)
    report = await gateway.send(*recipients)
    assert [m.status for m in report.messages] == ["unknown", "submitted"][: len(recipients)]
    assert gateway.status(PHONE) == "unknown"
    (row,) = (r for r in gateway.outbox.rows.values() if r.message.recipient.msisdn == PHONE)
    assert row.lookup_at == NOW + timedelta(seconds=5)


@pytest.mark.parametrize("recipients", WAYS)
async def test_a_send_that_is_cancelled_leaves_its_messages_in_doubt(
    recipients: tuple[str, ...],
) -> None:
    gateway = Gateway()
    sending = await gateway.start(*recipients)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await gateway.settler.close(5)
    assert {gateway.status(phone) for phone in recipients} == {"unknown"}
    assert len(gateway.provider.submitted) == len(recipients)


async def test_a_caller_who_goes_away_during_the_settlement_does_not_lose_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle, asked, gate = MemoryOutbox.settle, asyncio.Event(), asyncio.Event()

    async def slow(outbox: MemoryOutbox, settlement: Settlement) -> bool:
        asked.set()
        await gate.wait()
        return await settle(outbox, settlement)

    monkeypatch.setattr(MemoryOutbox, "settle", slow)
    gateway = Gateway()
    sending = asyncio.create_task(gateway.send(PHONE))
    await asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    gate.set()
    await gateway.settler.close(5)
    assert gateway.status(PHONE) == "submitted"


# One key, one request.

KEY = IdempotencyKey("account", "order-17", b"fingerprint")


@pytest.mark.parametrize("recipients", WAYS)
async def test_a_key_that_was_used_before_sends_nothing(recipients: tuple[str, ...]) -> None:
    gateway = Gateway()
    await gateway.send(OTHER, key=KEY)
    with pytest.raises(DuplicateKeyError):
        await gateway.send(*recipients, key=KEY)
    assert len(gateway.provider.submitted) == len(gateway.outbox.rows) == 1


async def test_of_two_at_the_same_time_one_is_sent() -> None:
    gateway = Gateway()
    ended = await asyncio.gather(
        *(gateway.send(PHONE, key=KEY) for _ in range(5)), return_exceptions=True
    )
    assert [isinstance(one, DuplicateKeyError) for one in ended].count(True) == 4
    assert gateway.submitted() == [PHONE]


# The time it has.


async def test_a_process_that_slept_does_not_send_what_another_may_have_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accept = MemoryOutbox.accept

    async def sleepy(outbox: MemoryOutbox, *more: Any) -> bool:  # noqa: ANN401 - passed on
        done = await accept(outbox, *more)
        gateway.clock.advance(START_WITHIN_S)
        return done

    monkeypatch.setattr(MemoryOutbox, "accept", sleepy)
    gateway = Gateway()
    report = await gateway.send(PHONE)
    assert gateway.provider.submitted == []
    assert report.failure_code == "provider_unavailable"
    assert gateway.status(PHONE) == "failed"


@pytest.mark.parametrize("recipients", WAYS)
async def test_who_is_cut_off_gets_an_answer_that_is_true_and_on_disk(
    recipients: tuple[str, ...],
) -> None:
    gateway = Gateway()
    sending = await gateway.start(*recipients)
    gateway.attempts.cut_off()
    report = await sending
    assert report.failure_code == "unconfirmed"
    assert {message.status for message in report.messages} == {"unknown"}
    assert {gateway.status(phone) for phone in recipients} == {"unknown"}


async def test_after_the_cut_nothing_is_sent_and_that_is_on_disk() -> None:
    gateway = Gateway(concurrency=2)
    gateway.provider.gate.clear()
    sending = asyncio.create_task(gateway.send(*phones(5)))
    await until(lambda: len(gateway.provider.submitted) == 2)
    gateway.attempts.cut_off()
    report = await sending
    assert len(gateway.provider.submitted) == 2
    assert [message.status for message in report.messages] == ["unknown"] * 2 + ["failed"] * 3
    assert gateway.statuses(phones(5)) == ["unknown"] * 2 + ["failed"] * 3


# Another provider.

DOWN = Unavailable(kind=UnavailableKind.NETWORK, text="no connection")


def down(_: Message) -> SubmitOutcome:
    return DOWN


@pytest.mark.parametrize("recipients", WAYS)
async def test_the_next_provider_is_tried_where_the_first_is_proven_not_to_have_taken_it(
    recipients: tuple[str, ...],
) -> None:
    gateway = Gateway(down, spares={"twilio": accepting})
    report = await gateway.send(*recipients, fallback=["twilio"])
    assert report.failure_code is None
    assert {message.provider for message in report.messages} == {"twilio"}
    for phone in recipients:
        stored = gateway.outbox.message(phone)
        assert (stored.message.status, stored.message.provider) == ("submitted", "twilio")
        assert (stored.message.attempts, stored.message.failure) == (2, None)
        assert [(e.name, e.provider) for e in stored.history[1:]] == [
            ("deferred", "smscru"),
            ("submitted", "twilio"),
        ]
        assert stored.history[1].text == "no connection; twilio is tried"


@pytest.mark.parametrize(
    "outcome",
    [
        Accepted("1"),
        Accepted("1", delivered=True),
        Rejected(reason=RejectReason.RECIPIENT),
        Unconfirmed("no answer within 30 s"),
    ],
)
async def test_nothing_that_may_have_been_taken_or_was_refused_goes_to_another(
    outcome: SubmitOutcome,
) -> None:
    gateway = Gateway(lambda _: outcome, spares={"twilio": accepting})
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert gateway.submitted("twilio") == []
    assert report.messages[0].provider == "smscru"
    assert report.messages[0].attempts == 1


async def test_a_defect_of_the_first_provider_does_not_go_to_another() -> None:
    def defective(_: Message) -> SubmitOutcome:
        raise DefectError

    gateway = Gateway(defective, spares={"twilio": accepting})
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert report.failure_code == "unconfirmed"
    assert gateway.submitted("twilio") == []


async def test_when_nobody_takes_it_the_last_word_is_the_answer() -> None:
    broke = Unavailable(kind=UnavailableKind.NO_MONEY, text="no money")
    gateway = Gateway(down, spares={"twilio": down, "mobizonkz": lambda _: broke})
    report = await gateway.send(PHONE, fallback=["twilio", "mobizonkz"])
    assert report.messages[0].failure == Failure("provider_no_money", "no money")
    assert (report.messages[0].provider, report.messages[0].attempts) == ("mobizonkz", 3)
    assert gateway.history(PHONE) == ["accepted", "deferred", "deferred", "failed"]
    assert [len(p.submitted) for p in gateway.providers.values()] == [1, 1, 1]


async def test_the_next_provider_hears_of_it_when_that_is_on_disk_under_a_new_lease() -> None:
    seen: list[tuple[str, str, int, object]] = []

    def look(_: Message) -> None:
        (row,) = gateway.outbox.rows.values()
        seen.append((row.message.status, row.message.provider, row.message.attempts, row.token))

    def first(message: Message) -> SubmitOutcome:
        look(message)
        return DOWN

    def second(message: Message) -> SubmitOutcome:
        look(message)
        return Accepted("1")

    gateway = Gateway(first, spares={"twilio": second})
    await gateway.send(PHONE, fallback=["twilio"])
    assert [one[:3] for one in seen] == [("sending", "smscru", 1), ("sending", "twilio", 2)]
    assert seen[0][3] != seen[1][3]
    assert [what for what, _ in gateway.journal] == [
        "accept sending",
        "submit",
        "settle",
        "submit",
        "settle",
    ]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("failures", [1, 2, 5])
async def test_without_knowing_the_step_is_on_disk_no_other_provider_is_asked(
    failures: int,
) -> None:
    gateway = Gateway(down, spares={"twilio": accepting})
    gateway.outbox.settles_away = failures
    report = await gateway.send(PHONE, fallback=["twilio"])
    await gateway.settler.close(5)
    assert gateway.submitted("twilio") == []
    assert report.failure_code == "provider_unreachable"
    assert gateway.status(PHONE) == "failed"


@pytest.mark.usefixtures("quick")
async def test_a_step_that_was_written_though_it_seemed_to_fail_is_settled_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle = MemoryOutbox.settle

    async def silent(outbox: MemoryOutbox, settlement: Settlement) -> bool:
        done = await settle(outbox, settlement)
        if settlement.renewed is not None:
            raise StorageUnavailableError("the connection was lost behind the commit")
        return done

    monkeypatch.setattr(MemoryOutbox, "settle", silent)
    gateway = Gateway(down, spares={"twilio": accepting})
    report = await gateway.send(PHONE, fallback=["twilio"])
    await gateway.settler.close(5)
    assert gateway.submitted("twilio") == []
    assert report.failure_code == "provider_unreachable"
    assert gateway.status(PHONE) == "failed"


async def test_who_has_lost_the_lease_asks_no_other_provider() -> None:
    def taken_over(_: Message) -> SubmitOutcome:
        for row in gateway.outbox.rows.values():
            row.token = None
        return DOWN

    gateway = Gateway(taken_over, spares={"twilio": accepting})
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert gateway.submitted("twilio") == []
    assert report.failure_code == "provider_unreachable"


async def test_a_database_that_goes_away_between_two_providers_leaves_the_first_ones_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reserve = MemoryProviderStates.reserve

    async def gone(states: MemoryProviderStates, provider: str, **more: Any) -> float | None:  # noqa: ANN401 - passed on
        if provider == "twilio":
            raise StorageUnavailableError("memory: away")
        return await reserve(states, provider, **more)

    monkeypatch.setattr(MemoryProviderStates, "reserve", gone)
    gateway = Gateway(down, spares={"twilio": accepting}, spacing_s=0.001)
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert report.failure_code == "provider_unreachable"
    assert gateway.status(PHONE) == "failed"


# Providers in trouble.


async def test_one_whose_circuit_is_open_is_left_out_and_the_history_says_so() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.open_circuit("smscru")
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert (gateway.submitted(), gateway.submitted("twilio")) == ([], [PHONE])
    assert (report.messages[0].provider, report.messages[0].attempts) == ("twilio", 1)
    assert gateway.history(PHONE) == ["accepted", "routed", "submitted"]
    routed = gateway.outbox.message(PHONE).history[1]
    assert routed.text == "smscru is left out: it fails"


async def test_when_all_are_in_trouble_the_order_stands() -> None:
    gateway = Gateway(down, spares={"twilio": accepting})
    await gateway.open_circuit("smscru")
    await gateway.open_circuit("twilio")
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert (gateway.submitted(), gateway.submitted("twilio")) == ([PHONE], [PHONE])
    assert report.failure_code is None
    assert gateway.history(PHONE) == ["accepted", "deferred", "submitted"]


async def test_a_message_tries_whether_a_provider_is_well_again() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.open_circuit("smscru", 10)
    gateway.clock.advance(10)
    await gateway.send(PHONE, fallback=["twilio"])
    assert gateway.submitted() == [PHONE]
    await turns()
    assert not gateway.breakers.state("smscru").open


async def test_of_many_messages_one_tries() -> None:
    gateway = Gateway(down, spares={"twilio": accepting}, concurrency=10)
    await gateway.open_circuit("smscru", 10)
    gateway.clock.advance(10)
    report = await gateway.send(*phones(10), fallback=["twilio"])
    assert report.failure_code is None
    assert len(gateway.submitted()) == 1
    assert len(gateway.submitted("twilio")) == 10


async def test_a_provider_that_goes_down_is_soon_left_alone() -> None:
    gateway = Gateway(down, spares={"twilio": accepting})
    for phone in phones(30):
        assert (await gateway.send(phone, fallback=["twilio"])).failure_code is None
    assert len(gateway.submitted()) == 10
    assert len(gateway.submitted("twilio")) == 30


# The provider's rate.


async def test_a_message_waits_for_its_slot() -> None:
    gateway = Gateway(spacing_s=0.03)
    clock = asyncio.get_running_loop().time
    started = clock()
    await gateway.send(*phones(3))
    assert clock() - started >= 0.05
    assert len(gateway.submitted()) == 3


async def test_every_segment_takes_a_slot() -> None:
    gateway = Gateway(spacing_s=1.0)
    await gateway.send(PHONE, text="a" * 1000)
    wait_s = await gateway.states.reserve("smscru", cost=1, spacing_s=1.0, patience_s=60)
    assert wait_s == 7.0


@pytest.mark.parametrize("recipients", WAYS)
async def test_a_message_whose_slot_is_too_far_away_is_refused_and_that_is_on_disk(
    recipients: tuple[str, ...],
) -> None:
    gateway = Gateway(spacing_s=PATIENCE_S + 1)
    await gateway.send("77770000000")
    report = await gateway.send(*recipients)
    assert report.failure_code == "provider_throttled"
    assert gateway.submitted() == ["77770000000"]
    for phone in recipients:
        stored = gateway.outbox.message(phone)
        assert (stored.message.status, stored.message.attempts) == ("failed", 0)
        assert gateway.history(phone) == ["accepted", "failed"]
        assert stored.message in report.messages
    assert report.request.id in gateway.outbox.requests


async def test_a_refused_message_uses_its_key_up() -> None:
    gateway = Gateway(spacing_s=PATIENCE_S + 1)
    await gateway.send(OTHER)
    await gateway.send(PHONE, key=KEY)
    with pytest.raises(DuplicateKeyError):
        await gateway.send(PHONE, key=KEY)
    assert len(gateway.outbox.rows) == 2


async def test_another_provider_is_tried_where_the_first_has_no_slot() -> None:
    gateway = Gateway(spares={"twilio": accepting}, spacing_s=PATIENCE_S + 1)
    await gateway.send(OTHER)
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert report.failure_code is None
    assert (gateway.submitted(), gateway.submitted("twilio")) == ([OTHER], [PHONE])
    assert report.messages[0].attempts == 1


async def test_where_the_second_has_no_slot_the_first_ones_answer_stands() -> None:
    gateway = Gateway(down, spares={"twilio": accepting}, spacing_s=PATIENCE_S + 1)
    await gateway.send(OTHER, provider="twilio")
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert report.failure_code == "provider_unreachable"
    assert gateway.submitted("twilio") == [OTHER]
    assert gateway.status(PHONE) == "failed"


@pytest.mark.parametrize(("paused_s", "sent"), [(0.02, True), (PATIENCE_S + 1, False)])
async def test_a_provider_that_wants_to_be_left_alone_is(paused_s: float, *, sent: bool) -> None:
    gateway = Gateway()
    await gateway.states.pause("smscru", paused_s)
    await gateway.breakers.refresh()
    clock = asyncio.get_running_loop().time
    started = clock()
    report = await gateway.send(PHONE)
    assert report.failure_code == (None if sent else "provider_throttled")
    assert len(gateway.submitted()) == sent
    assert not sent or clock() - started >= 0.01


async def test_a_provider_that_throttles_gets_nothing_more_and_the_next_one_does() -> None:
    busy = Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=60)
    gateway = Gateway(lambda _: busy, spares={"twilio": accepting})
    for phone in phones(5):
        assert (await gateway.send(phone, fallback=["twilio"])).failure_code is None
    assert gateway.submitted() == phones(1)
    assert gateway.submitted("twilio") == phones(5)


async def test_a_database_that_is_away_sends_nothing_by_any_way() -> None:
    gateway = Gateway(spacing_s=0.001)
    gateway.states.away = True
    with pytest.raises(StorageUnavailableError):
        await gateway.send(PHONE)
    assert (gateway.submitted(), gateway.outbox.rows) == ([], {})


async def test_a_cancelled_wait_for_a_place_leaves_no_trace() -> None:
    gateway = Gateway(concurrency=1)
    sending = await gateway.start(PHONE)
    waiting = asyncio.create_task(gateway.send(OTHER))
    await turns()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gateway.provider.gate.set()
    await sending
    assert gateway.submitted() == [PHONE]
    assert len(gateway.outbox.rows) == 1


@pytest.mark.parametrize("make", [accepting, down])
async def test_every_place_is_given_back(make: Callable[[Message], SubmitOutcome]) -> None:
    gateway = Gateway(make, spares={"twilio": make}, concurrency=2)
    await gateway.send(*phones(10), fallback=["twilio"])
    for carrier in gateway.carriers.values():
        assert carrier.places.take_free(9) == 2


async def test_a_message_whose_writing_was_not_confirmed_has_failed_and_is_not_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accept = MemoryOutbox.accept

    async def unconfirmed(outbox: MemoryOutbox, *given: Any) -> bool:  # noqa: ANN401 - passed on
        await accept(outbox, *given)
        raise StorageUnavailableError("the answer was lost")

    monkeypatch.setattr(MemoryOutbox, "accept", unconfirmed)
    gateway = Gateway()
    with pytest.raises(StorageUnavailableError):
        await gateway.send(PHONE)
    await until(lambda: gateway.status(PHONE) == "failed")
    assert gateway.submitted() == []


async def test_a_provider_nobody_comes_to_is_not_tried_and_keeps_its_turn() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    await gateway.open_circuit("twilio", 10)
    gateway.clock.advance(10)
    await gateway.send(PHONE, fallback=["twilio"])
    assert gateway.submitted("twilio") == []
    assert await gateway.breakers.may_probe("twilio", 30), "the right to try it was not used up"


async def test_a_message_waits_for_the_next_provider_no_longer_than_its_lease_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.01)
    gateway = Gateway(down, spares={"twilio": accepting}, concurrency=1)
    assert gateway.carriers["twilio"].places.take_free(1) == 1
    report = await gateway.send(PHONE, fallback=["twilio"])
    assert report.failure_code == "provider_unreachable"
    assert gateway.status(PHONE) == "failed"
    gateway.carriers["twilio"].places.free(1)
    assert gateway.carriers["twilio"].places.take_free(2) == 1


async def test_what_has_expired_while_it_waited_for_a_place_is_not_sent() -> None:
    gateway = Gateway(concurrency=1)
    assert gateway.carriers["smscru"].places.take_free(1) == 1
    sending = asyncio.create_task(gateway.send(PHONE, ttl_s=60))
    await turns()
    gateway.clock.advance(60)
    gateway.carriers["smscru"].places.free(1)
    report = await sending
    assert (report.failure_code, gateway.submitted()) == ("expired", [])
    assert gateway.history(PHONE) == ["accepted", "expired"]


async def test_only_so_many_messages_whose_writing_was_not_confirmed_are_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher, "MAX_DOUBTFUL", 3)
    gateway = Gateway()
    gateway.outbox.away = True
    for phone in phones(10):
        with pytest.raises(StorageUnavailableError):
            await gateway.send(phone)
    assert gateway.settler.waiting == 3
    gateway.outbox.away = False
    await gateway.settler.close(5)
