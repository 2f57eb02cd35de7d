"""From one request to its messages."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.errors import DuplicateKeyError, StoppingError, StorageUnavailableError
from application.orders import MAX_RECIPIENTS
from application.place_call import PlaceCall
from application.schedule import LONGEST_TTL_S
from application.send_command import SendCommand
from application.send_report import NOT_STORED, STOPPING
from application.send_sms import SendSms
from application.slices import SLICE
from domain.blacklist import BlacklistEntry
from domain.errors import (
    DomainError,
    InvalidPhoneError,
    InvalidReferenceError,
    InvalidScheduleError,
    InvalidSenderError,
    InvalidTermsError,
    InvalidTextError,
    MessageTooLongError,
    ProviderCannotCallError,
    ProviderNotConfiguredError,
    QueueTooOldError,
    RecipientCountError,
    UnknownProviderError,
)
from domain.idempotency import IdempotencyKey
from domain.message import Channel, Message
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
from domain.terms import OnUnknown, Priority
from tests.fakes import NOW
from tests.unit.application.gateway import (
    OTHER,
    PHONE,
    TTL_S,
    Gateway,
    accepting,
    phones,
    until,
)

WAYS = [pytest.param((PHONE,), id="one"), pytest.param((PHONE, OTHER), id="many")]
KEY = IdempotencyKey("account", "order-17", b"fingerprint")


async def test_repeated_phones_are_sent_once_in_the_order_they_were_first_named() -> None:
    gateway = Gateway(concurrency=1)
    report = await gateway.send(OTHER, PHONE, f"+{OTHER}", "7 (707) 000-12-34", PHONE)
    assert [message.recipient.msisdn for message in report.messages] == [OTHER, PHONE]
    assert [message.recipient.msisdn for message in gateway.provider.submitted] == [OTHER, PHONE]
    assert report.request.recipients == 2


@given(named=st.lists(st.sampled_from(phones(6)), min_size=1, max_size=12))
async def test_each_phone_gets_exactly_one_message(named: list[str]) -> None:
    gateway = Gateway()
    report = await gateway.send(*named)
    wanted = list(dict.fromkeys(named))
    assert [message.recipient.msisdn for message in report.messages] == wanted
    assert sorted(m.recipient.msisdn for m in gateway.provider.submitted) == sorted(wanted)


async def test_blacklisted_phones_are_left_out_and_found_later() -> None:
    gateway = Gateway(listed=(PHONE,))
    report = await gateway.send(PHONE, OTHER)
    assert [m.recipient.msisdn for m in gateway.provider.submitted] == [OTHER]
    assert [message.status for message in report.messages] == ["blocked", "submitted"]
    assert report.failure_code is None
    stored = gateway.outbox.message(PHONE)
    assert stored.message.status == "blocked"
    assert [event.name for event in stored.history] == ["accepted", "blocked"]


@pytest.mark.parametrize("recipients", [(PHONE,), (PHONE, OTHER)])
async def test_a_request_of_blacklisted_phones_alone_sends_nothing(
    recipients: tuple[str, ...],
) -> None:
    gateway = Gateway(listed=recipients)
    report = await gateway.send(*recipients)
    assert report.failure_code == "blacklisted"
    assert gateway.provider.submitted == []
    assert gateway.outbox.requests == {report.request.id: report.request}
    assert {gateway.outbox.message(phone).message.status for phone in recipients} == {"blocked"}


async def test_force_sends_to_blacklisted_phones_without_asking() -> None:
    gateway = Gateway(listed=(PHONE,))
    report = await gateway.send(PHONE, force=True)
    assert report.failure_code is None
    assert len(gateway.provider.submitted) == 1
    assert gateway.blacklist.asked == []


async def test_a_dry_run_checks_everything_and_leaves_no_trace() -> None:
    gateway = Gateway(listed=(PHONE,))
    report = await gateway.send(PHONE, OTHER, text="я" * 71, dry_run=True)
    assert [message.status for message in report.messages] == ["blocked", "queued"]
    assert (report.segments.encoding, report.segments.count) == ("ucs-2", 2)
    assert (gateway.outbox.rows, gateway.outbox.requests, gateway.journal) == ({}, {}, [])


WRONG = [
    ({"text": ""}, InvalidTextError),
    ({"text": "a\x00b"}, InvalidTextError),
    ({"text": "a" * 1001}, MessageTooLongError),
    ({"reference": ""}, InvalidReferenceError),
    ({"sender": "twelve chars"}, InvalidSenderError),
    ({"provider": "nobody"}, UnknownProviderError),
    ({"provider": ""}, UnknownProviderError),
    ({"provider": "SMSCRU"}, UnknownProviderError),
    ({"provider": "twilio"}, ProviderNotConfiguredError),
    ({"provider": "epochtaru"}, ProviderNotConfiguredError),
    ({"fallback": ["nobody"]}, UnknownProviderError),
    ({"fallback": ["smscru", "twilio"]}, ProviderNotConfiguredError),
    ({"ttl_s": 0}, InvalidScheduleError),
    ({"ttl_s": LONGEST_TTL_S + 1}, InvalidScheduleError),
    ({"delay_s": -1}, InvalidScheduleError),
    ({"delay_s": 5, "send_at": NOW + timedelta(hours=1)}, InvalidScheduleError),
]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("more", "error"), WRONG)
async def test_a_wrong_command_is_refused_whole(
    more: dict[str, Any], error: type[DomainError], *, dry_run: bool
) -> None:
    gateway = Gateway()
    with pytest.raises(error):
        await gateway.send(PHONE, dry_run=dry_run, **more)
    assert gateway.journal == []
    assert gateway.outbox.requests == {}


async def test_a_provider_without_voice_does_not_call() -> None:
    gateway = Gateway(voice=False)
    with pytest.raises(ProviderCannotCallError, match="None can call here"):
        await gateway.send(PHONE, channel=Channel.CALL)
    assert gateway.journal == []


async def test_every_bad_phone_is_listed_by_its_index_and_nothing_is_sent() -> None:
    gateway = Gateway()
    with pytest.raises(InvalidPhoneError, match="3 of 5") as raised:
        await gateway.send("x", PHONE, "", OTHER, "0")
    assert [p.field for p in raised.value.problems] == ["phones[0]", "phones[2]", "phones[4]"]
    assert gateway.journal == []


@pytest.mark.parametrize("count", [0, MAX_RECIPIENTS + 1])
async def test_a_request_has_at_least_one_phone_and_at_most_a_hundred_thousand(count: int) -> None:
    gateway = Gateway()
    with pytest.raises(RecipientCountError, match=f"has {count}"):
        await gateway.send(*([PHONE] * count))
    assert gateway.journal == []


async def test_the_blacklist_is_asked_in_slices() -> None:
    gateway = Gateway(concurrency=50, listed=tuple(phones(2500)[::2]))
    report = await gateway.send(*phones(2500))
    assert gateway.blacklist.asked[:3] == [SLICE, SLICE, 500]
    assert [m.status for m in report.messages] == ["blocked", "submitted"] * 1250


async def test_an_opt_out_during_a_large_request_counts_at_once() -> None:
    opted_out = phones(30)[-1]

    def answer(message: Message) -> SubmitOutcome:
        entry = BlacklistEntry(Phone(f"+{opted_out}"), NOW)
        gateway.blacklist.entries[entry.phone] = entry
        return Accepted(message.id.hex)

    gateway = Gateway(answer, concurrency=2)
    report = await gateway.send(*phones(30))
    assert report.messages[-1].status == "blocked"
    assert gateway.outbox.message(opted_out).message.status == "blocked"
    assert opted_out not in {message.recipient.msisdn for message in gateway.provider.submitted}


async def test_who_forces_a_large_request_is_not_asked_again() -> None:
    gateway = Gateway(concurrency=2, listed=(phones(30)[-1],))
    report = await gateway.send(*phones(30), force=True)
    assert report.messages[-1].status == "submitted"


async def test_many_blocked_messages_are_written_in_slices() -> None:
    gateway = Gateway(listed=tuple(phones(2500)))
    report = await gateway.send(*phones(2500))
    assert report.failure_code == "blacklisted"
    assert gateway.outbox.accepts == 3
    assert len(gateway.outbox.rows) == 2500


async def test_other_work_goes_on_beside_a_large_request() -> None:
    gateway = Gateway(concurrency=1)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await gateway.send(*phones(5000), dry_run=True)
    beside.cancel()
    assert turns >= 10


REFUSED = Rejected(reason=RejectReason.RECIPIENT)
BROKE = Unavailable(kind=UnavailableKind.NO_MONEY)
LOST = Unconfirmed("lost")


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ({}, None),
        ({PHONE: REFUSED}, "recipient_refused"),
        ({PHONE: BROKE, OTHER: BROKE}, "provider_no_money"),
        ({PHONE: LOST}, "unconfirmed"),
        ({PHONE: LOST, OTHER: REFUSED}, "not_all_accepted"),
    ],
)
async def test_one_word_for_a_failure_that_is_the_same_for_all(
    outcomes: dict[str, SubmitOutcome], code: str | None
) -> None:
    gateway = Gateway(lambda message: outcomes.get(message.recipient.msisdn, Accepted("1")))
    report = await gateway.send(PHONE, OTHER)
    assert report.failure_code == code
    failed = [message for message in report.messages if message.failure is not None]
    assert len(failed) == len(outcomes)


async def test_a_blacklisted_phone_does_not_excuse_a_refused_one() -> None:
    gateway = Gateway(lambda _: REFUSED, listed=(PHONE,))
    report = await gateway.send(PHONE, OTHER)
    assert report.failure_code == "recipient_refused"


@pytest.mark.parametrize("away_at", [1, 3, 5])
async def test_a_database_that_fails_one_of_many_spoils_only_that_one(away_at: int) -> None:
    gateway = Gateway(concurrency=2)
    gateway.outbox.away_at = frozenset({away_at})
    report = await gateway.send(*phones(5))
    lost = [message for message in report.messages if message.status == "failed"]
    assert [message.failure for message in lost] == [NOT_STORED]
    assert report.failure_code == NOT_STORED.code
    sent = {message.recipient for message in gateway.provider.submitted}
    assert sent == {m.recipient for m in report.messages} - {lost[0].recipient}
    assert len(gateway.outbox.rows) == 4


async def test_a_database_that_stays_away_sends_nothing_more() -> None:
    gateway = Gateway(concurrency=2)
    gateway.outbox.away_at = frozenset(range(3, 100))
    report = await gateway.send(*phones(5))
    assert len(gateway.provider.submitted) == len(gateway.outbox.rows) == 2
    assert [m.status == "failed" for m in report.messages].count(True) == 3


@pytest.mark.parametrize(
    ("use_case", "channel"), [(SendSms, Channel.SMS), (PlaceCall, Channel.CALL)]
)
async def test_the_two_use_cases_differ_in_their_channel(
    use_case: type[SendSms | PlaceCall], channel: Channel
) -> None:
    gateway = Gateway()
    report = await use_case(gateway.submission)(SendCommand(phones=[PHONE], text="Hi"))
    assert report.request.channel is channel
    assert [message.channel for message in gateway.provider.submitted] == [channel]


# Who does not wait.


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("recipients", WAYS)
async def test_who_does_not_wait_has_everything_on_disk_and_nothing_sent(
    recipients: tuple[str, ...], channel: Channel
) -> None:
    gateway = Gateway()
    report = await gateway.queue(*recipients, channel=channel)
    assert report.failure_code is None
    assert report.request.background
    assert gateway.provider.submitted == []
    assert gateway.outbox.requests == {report.request.id: report.request}
    for phone, message in zip(recipients, report.messages, strict=True):
        assert gateway.outbox.message(phone).message == message
        assert (message.status, message.attempts) == ("queued", 0)
        assert gateway.history(phone) == ["accepted"]
    assert all(row.token is None for row in gateway.outbox.rows.values())


@pytest.mark.parametrize(
    ("wish", "due_s"),
    [
        ({"background": True}, None),
        ({"delay_s": 90}, 90),
        ({"delay_s": 0}, None),
        ({"send_at": NOW + timedelta(hours=1)}, 3600),
        ({"send_at": NOW - timedelta(hours=1)}, None),
    ],
)
async def test_a_schedule_is_kept_with_the_message(
    wish: dict[str, Any], due_s: float | None
) -> None:
    gateway = Gateway()
    await gateway.send(PHONE, **wish)
    message = gateway.outbox.message(PHONE).message
    assert message.status == "queued"
    assert message.due_at == (None if due_s is None else NOW + timedelta(seconds=due_s))
    assert message.expires_at == NOW + timedelta(seconds=TTL_S + (due_s or 0))


async def test_the_callers_terms_are_kept_with_every_message() -> None:
    gateway = Gateway(spares={"twilio": accepting})
    report = await gateway.queue(
        PHONE,
        OTHER,
        fallback=["twilio"],
        priority=Priority.OTP,
        on_unknown=OnUnknown.RESEND,
        force=True,
        ttl_s=60,
    )
    for message in report.messages:
        assert message.terms == report.request.terms
        assert message.expires_at == NOW + timedelta(seconds=60)
    terms = report.request.terms
    assert (terms.route, terms.priority) == (("smscru", "twilio"), Priority.OTP)
    assert (terms.on_unknown, terms.force) == (OnUnknown.RESEND, True)


@pytest.mark.parametrize(
    ("fallback", "route"),
    [(None, ("smscru", "twilio")), ([], ("smscru",)), (["mobizonkz"], ("smscru", "mobizonkz"))],
)
async def test_the_deployments_fallback_serves_who_names_none(
    fallback: list[str] | None, route: tuple[str, ...]
) -> None:
    gateway = Gateway(
        spares={"twilio": accepting, "mobizonkz": accepting}, fallback=("twilio", "epochtasmsru")
    )
    report = await gateway.queue(PHONE, fallback=fallback)
    assert report.request.terms.route == route


async def test_a_provider_of_the_fallback_that_has_no_voice_is_left_out_of_calls() -> None:
    gateway = Gateway(spares={"twilio": accepting}, fallback=("twilio",))
    report = await gateway.queue(PHONE, channel=Channel.CALL)
    assert report.request.terms.route == ("smscru",)
    with pytest.raises(ProviderCannotCallError):
        await gateway.queue(PHONE, channel=Channel.CALL, fallback=["twilio"])


@pytest.mark.parametrize("background", [False, True])
async def test_a_call_is_never_to_be_made_twice(*, background: bool) -> None:
    gateway = Gateway()
    with pytest.raises(InvalidTermsError):
        await gateway.send(
            PHONE, channel=Channel.CALL, on_unknown=OnUnknown.RESEND, background=background
        )
    assert gateway.journal == []


async def test_blacklisted_phones_are_blocked_at_once_for_who_does_not_wait_too() -> None:
    gateway = Gateway(listed=(PHONE,))
    report = await gateway.queue(PHONE, OTHER)
    assert [message.status for message in report.messages] == ["blocked", "queued"]
    assert gateway.history(PHONE) == ["accepted", "blocked"]
    assert (await gateway.queue(PHONE)).failure_code == "blacklisted"
    assert (await gateway.queue(PHONE, force=True)).messages[0].status == "queued"


async def test_many_are_queued_in_slices_with_the_request_in_the_first() -> None:
    gateway = Gateway()
    report = await gateway.queue(*phones(2500))
    assert gateway.outbox.accepts == 3
    assert len(gateway.outbox.rows) == 2500
    assert [message.status for message in report.messages] == ["queued"] * 2500


async def test_what_a_later_slice_could_not_write_is_told_truthfully() -> None:
    gateway = Gateway()
    gateway.outbox.away_at = frozenset({1})
    report = await gateway.queue(*phones(2500))
    lost = [message for message in report.messages if message.status == "failed"]
    assert [m.recipient.msisdn for m in lost] == phones(2500)[SLICE : 2 * SLICE]
    assert {message.failure for message in lost} == {NOT_STORED}
    assert report.failure_code == NOT_STORED.code
    stored = {row.message.recipient.msisdn for row in gateway.outbox.rows.values()}
    assert stored == {*phones(2500)} - {m.recipient.msisdn for m in lost}


async def test_when_the_first_slice_cannot_be_written_nothing_is() -> None:
    gateway = Gateway()
    gateway.outbox.away_at = frozenset({0})
    with pytest.raises(StorageUnavailableError):
        await gateway.queue(*phones(2500))
    assert (gateway.outbox.rows, gateway.outbox.requests) == ({}, {})


@pytest.mark.parametrize("count", [1, 2500])
async def test_a_key_goes_with_the_first_write_and_never_twice(count: int) -> None:
    gateway = Gateway()
    report = await gateway.queue(*phones(count), key=KEY)
    (row,) = gateway.outbox.keys.rows.values()
    assert (row.request_id, row.fingerprint) == (report.request.id, KEY.fingerprint)
    with pytest.raises(DuplicateKeyError):
        await gateway.queue(*phones(count), key=KEY)
    assert len(gateway.outbox.rows) == count
    assert len(gateway.outbox.requests) == 1


async def test_a_dry_run_uses_no_key_up() -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, key=KEY, dry_run=True)
    assert gateway.outbox.keys.rows == {}
    assert (await gateway.queue(PHONE, key=KEY)).failure_code is None


async def test_a_lane_that_is_hopelessly_late_takes_no_more_for_who_does_not_wait() -> None:
    gateway = Gateway()
    await gateway.queue(PHONE, priority=Priority.BULK)
    gateway.clock.advance(3601)
    await gateway.upkeep.once()
    with pytest.raises(QueueTooOldError, match="smscru have been waiting for 3601 s"):
        await gateway.queue(OTHER, priority=Priority.BULK)
    assert len(gateway.outbox.rows) == 1
    assert (await gateway.queue(OTHER, priority=Priority.OTP)).failure_code is None
    assert (await gateway.send("77770000000", priority=Priority.BULK)).failure_code is None


# One who waits has a time to live, too.


async def test_what_has_expired_during_a_large_request_is_not_sent() -> None:
    def slow(_: Message) -> SubmitOutcome:
        gateway.clock.advance(30)
        return Accepted("1")

    gateway = Gateway(slow, concurrency=1)
    report = await gateway.send(*phones(4), ttl_s=60)
    assert gateway.submitted() == phones(2)
    assert [message.status for message in report.messages] == ["submitted"] * 2 + ["expired"] * 2
    assert gateway.history(phones(4)[3]) == ["accepted", "expired"]
    assert report.failure_code == "expired"


# The end.


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("recipients", WAYS)
async def test_a_service_that_stops_takes_nothing_new(
    recipients: tuple[str, ...], *, background: bool
) -> None:
    gateway = Gateway()
    gateway.stopping = True
    with pytest.raises(StoppingError):
        await gateway.send(*recipients, background=background)
    assert (gateway.journal, gateway.outbox.requests) == ([], {})


async def test_of_a_large_request_the_rest_is_not_sent_and_never_written() -> None:
    gateway = Gateway(concurrency=2, listed=(OTHER,))
    gateway.provider.gate.clear()
    sending = asyncio.create_task(gateway.send(OTHER, *phones(10)))
    await until(lambda: len(gateway.provider.submitted) == 2)
    gateway.stopping = True
    gateway.provider.gate.set()
    report = await sending
    assert gateway.submitted() == phones(2)
    assert [m.status for m in report.messages] == ["blocked", *["submitted"] * 2, *["failed"] * 8]
    assert {message.failure for message in report.messages[3:]} == {STOPPING}
    assert report.failure_code == "not_sent"
    stored = {row.message.recipient.msisdn for row in gateway.outbox.rows.values()}
    assert stored == {OTHER, *phones(2)}


@pytest.mark.parametrize("background", [False, True])
async def test_who_could_not_say_that_it_goes_on_sends_no_more(*, background: bool) -> None:
    gateway = Gateway(concurrency=1)
    gateway.holds = False
    key = IdempotencyKey("", "order-17", bytes(32))
    report = await gateway.send(*phones(2500), key=key, background=background)
    written = 1000 if background else 0
    assert len(gateway.outbox.rows) == written
    assert [m.failure and m.failure.code for m in report.messages[written:]] == ["not_sent"] * (
        2500 - written
    )
    assert gateway.submitted() == []
