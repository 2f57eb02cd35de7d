"""From one request to its messages."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.place_call import PlaceCall
from application.send_command import SendCommand
from application.send_report import NOT_STORED
from application.send_sms import SendSms
from application.submission import MAX_RECIPIENTS, SLICE
from domain.blacklist import BlacklistEntry
from domain.errors import (
    DomainError,
    InvalidPhoneError,
    InvalidReferenceError,
    InvalidSenderError,
    InvalidTextError,
    MessageTooLongError,
    ProviderCannotCallError,
    ProviderNotConfiguredError,
    RecipientCountError,
    UnknownProviderError,
)
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
from tests.fakes import NOW
from tests.unit.application.gateway import OTHER, PHONE, Gateway, phones


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
