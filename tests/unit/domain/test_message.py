from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidReferenceError, InvalidTextError
from domain.message import (
    RECEIPT_STATUSES,
    TRANSITIONS,
    Channel,
    Failure,
    IllegalTransitionError,
    Message,
    MessageStatus,
    check_reference,
    check_text,
)
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
from domain.sender_id import SenderId

S = MessageStatus
ACCEPTED_AT = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
LATER = ACCEPTED_AT + timedelta(seconds=1)
MUCH_LATER = ACCEPTED_AT + timedelta(hours=1)
BEFORE = Failure("provider_throttled", "Too many requests.", "429")

MOVES = {
    S.QUEUED: {S.SENDING, S.CANCELED, S.EXPIRED, S.BLOCKED, S.FAILED},
    S.SENDING: {S.QUEUED, S.SUBMITTED, S.UNKNOWN, S.REJECTED, S.FAILED},
    S.UNKNOWN: {S.QUEUED, S.SUBMITTED, S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED, S.FAILED},
    S.SUBMITTED: {S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED},
    S.UNDELIVERABLE: {S.DELIVERED},
    S.EXPIRED: {S.UNDELIVERABLE, S.DELIVERED},
    S.FAILED: {S.DELIVERED},
}
RANKS = {
    **dict.fromkeys([S.QUEUED], 0),
    **dict.fromkeys([S.SENDING], 1),
    **dict.fromkeys([S.UNKNOWN], 2),
    **dict.fromkeys([S.SUBMITTED], 3),
    **dict.fromkeys([S.EXPIRED, S.FAILED, S.REJECTED, S.CANCELED, S.BLOCKED], 4),
    **dict.fromkeys([S.UNDELIVERABLE], 5),
    **dict.fromkeys([S.DELIVERED], 6),
}
DEAF = [S.REJECTED, S.CANCELED, S.BLOCKED]
"""No provider took the message, and none will: no receipt speaks of it."""

OUTCOMES: list[SubmitOutcome] = [
    Accepted("SM1"),
    Accepted("SM1", delivered=True),
    Accepted(),
    Rejected(reason=RejectReason.CONTENT, provider_code="7", text="Spam."),
    Unavailable(kind=UnavailableKind.NO_MONEY, provider_code="3", text="No money."),
    Unconfirmed("no answer within 30 s", "500"),
]

statuses = st.sampled_from(S)
hearing = st.sampled_from([status for status in S if status not in DEAF])
receipts = st.lists(st.sampled_from(sorted(RECEIPT_STATUSES)))


def a_message(status: MessageStatus = S.SENDING) -> Message:
    return Message(
        id=UUID("0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f"),
        request_id=UUID("0193578a-1c2b-7000-8f40-5a6b7c8d9e0f"),
        channel=Channel.SMS,
        recipient=Phone("+77011234567"),
        text="Код 4821",
        provider="smscru",
        status=status,
        created_at=ACCEPTED_AT,
        updated_at=ACCEPTED_AT,
        sender=SenderId("Habar"),
        reference="order 5",
        provider_id="SM0",
        attempts=2,
        failure=BEFORE,
    )


def heard(message: Message, said: list[MessageStatus]) -> Message:
    for status in said:
        message = message.after_receipt(status, LATER)
    return message


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("following", S)
def test_a_message_makes_the_moves_of_the_state_machine_and_no_other(
    status: MessageStatus, following: MessageStatus
) -> None:
    message = a_message(status)
    if following in MOVES.get(status, set()):
        failure = Failure("unconfirmed", "connection lost")
        moved = message.moved(following, LATER, failure)
        assert moved == replace(message, status=following, updated_at=LATER, failure=failure)
        assert message.moved(following, LATER).failure is None
    else:
        with pytest.raises(IllegalTransitionError):
            message.moved(following, LATER)


def test_every_state_has_its_moves() -> None:
    assert TRANSITIONS.keys() == set(S)


def test_a_message_started_has_one_more_attempt_and_a_clean_slate() -> None:
    message = replace(a_message(S.QUEUED), lookups=3, resends=1, attempted_at=ACCEPTED_AT)
    assert message.started(LATER) == replace(
        message,
        status=S.SENDING,
        updated_at=LATER,
        attempts=3,
        attempted_at=LATER,
        lookups=0,
        failure=None,
    )


@pytest.mark.parametrize("status", [status for status in S if status is not S.QUEUED])
def test_only_a_queued_message_is_started(status: MessageStatus) -> None:
    with pytest.raises(IllegalTransitionError):
        a_message(status).started(LATER)


def test_a_message_put_back_has_one_attempt_less_and_nothing_else_lost() -> None:
    message = a_message(S.SENDING)
    assert message.put_back(LATER) == replace(
        message, status=S.QUEUED, updated_at=LATER, attempts=1
    )


@given(attempts=st.integers(0, 30))
def test_starting_and_putting_back_undo_each_other(attempts: int) -> None:
    message = replace(a_message(S.QUEUED), attempts=attempts)
    again = message.started(LATER).put_back(MUCH_LATER)
    assert (again.status, again.attempts) == (S.QUEUED, attempts)


def test_a_message_deferred_waits_with_its_reason_and_its_next_provider() -> None:
    message = a_message(S.SENDING)
    failure = Failure("provider_throttled", "Too many requests.", "429")
    assert message.deferred(LATER, failure, "twilio") == replace(
        message, status=S.QUEUED, updated_at=LATER, failure=failure, provider="twilio"
    )
    assert message.deferred(LATER, failure, "smscru").provider == "smscru"


def test_a_message_resent_waits_with_its_doubt_remembered_and_its_look_ups_forgotten() -> None:
    message = replace(a_message(S.UNKNOWN), lookups=4)
    assert message.resent(LATER) == replace(
        message, status=S.QUEUED, updated_at=LATER, lookups=0, resends=1
    )
    assert message.resent(LATER).started(MUCH_LATER).resends == 1


@pytest.mark.parametrize("status", [S.QUEUED, S.SENDING])
def test_what_was_resent_and_did_not_leave_again_is_in_doubt(status: MessageStatus) -> None:
    failure = Failure("expired", "Its time is over.", "7")
    once = a_message(status)
    assert once.unsent(S.FAILED, LATER, failure) == once.moved(S.FAILED, LATER, failure)
    twice = replace(once, resends=1).unsent(S.FAILED, LATER, failure)
    assert (twice.status, twice.attempts, twice.resends) == (S.UNKNOWN, once.attempts, 1)
    assert twice.failure is not None
    assert (twice.failure.code, twice.failure.provider_code) == ("unconfirmed", "7")
    assert failure.text in twice.failure.text


@pytest.mark.parametrize(
    "outcome",
    [
        Rejected(reason=RejectReason.CONTENT),
        Unavailable(kind=UnavailableKind.TEMPORARY),
        Unconfirmed("no answer"),
    ],
)
def test_a_second_attempt_that_did_not_arrive_says_nothing_of_the_first(
    outcome: SubmitOutcome,
) -> None:
    message = replace(a_message(S.SENDING), resends=1)
    assert message.after(outcome, LATER).status is S.UNKNOWN


@pytest.mark.parametrize("status", [s for s in S if S.QUEUED not in MOVES.get(s, set())])
def test_only_what_is_being_sent_or_in_doubt_goes_back_to_the_queue(status: MessageStatus) -> None:
    message = a_message(status)
    with pytest.raises(IllegalTransitionError):
        message.put_back(LATER)
    with pytest.raises(IllegalTransitionError):
        message.deferred(LATER, BEFORE, "twilio")
    with pytest.raises(IllegalTransitionError):
        message.resent(LATER)


@pytest.mark.parametrize(("seconds", "over"), [(-1, False), (0, True), (1, True)])
def test_a_messages_time_is_over_from_that_moment_on(seconds: int, *, over: bool) -> None:
    message = replace(a_message(S.QUEUED), expires_at=LATER)
    assert message.expired(LATER + timedelta(seconds=seconds)) is over


def test_a_message_without_an_end_never_expires() -> None:
    assert not a_message(S.QUEUED).expired(datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        (Accepted("SM1"), {"status": S.SUBMITTED, "provider_id": "SM1", "failure": None}),
        (Accepted(), {"status": S.SUBMITTED, "provider_id": None, "failure": None}),
        (
            Accepted("SM1", delivered=True),
            {"status": S.DELIVERED, "provider_id": "SM1", "failure": None},
        ),
        (
            Rejected(reason=RejectReason.CONTENT, provider_code="7", text="Spam."),
            {"status": S.REJECTED, "failure": Failure("content_refused", "Spam.", "7")},
        ),
        (
            Unavailable(kind=UnavailableKind.NO_MONEY, provider_code="3", text="No money."),
            {"status": S.FAILED, "failure": Failure("provider_no_money", "No money.", "3")},
        ),
        (
            Unconfirmed("no answer within 30 s", "500"),
            {
                "status": S.UNKNOWN,
                "failure": Failure("unconfirmed", "no answer within 30 s", "500"),
            },
        ),
    ],
)
def test_each_outcome_changes_just_what_it_says(
    outcome: SubmitOutcome, changes: dict[str, object]
) -> None:
    message = a_message()
    fields = {name: getattr(message, name) for name in Message.__slots__}
    expected = Message(**{**fields, "updated_at": LATER, **changes})
    assert message.after(outcome, LATER) == expected
    assert message == a_message()


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    "status", [status for status in S if status not in {S.QUEUED, S.SENDING, S.UNKNOWN}]
)
def test_a_message_that_was_not_being_sent_has_no_outcome(
    status: MessageStatus, outcome: SubmitOutcome
) -> None:
    with pytest.raises(IllegalTransitionError):
        a_message(status).after(outcome, LATER)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_queued_message_has_no_outcome_but_that_nobody_would_take_it(
    outcome: SubmitOutcome,
) -> None:
    message = a_message(S.QUEUED)
    if isinstance(outcome, Unavailable):
        assert message.after(outcome, LATER).status is S.FAILED
    else:
        with pytest.raises(IllegalTransitionError):
            message.after(outcome, LATER)


@given(status=statuses, said=receipts)
def test_no_receipt_moves_a_message_back(status: MessageStatus, said: list[MessageStatus]) -> None:
    message = a_message(status)
    for word in said:
        after = message.after_receipt(word, LATER)
        assert RANKS[after.status] >= RANKS[message.status]
        message = after


@given(status=hearing, said=receipts, data=st.data())
def test_delivered_wins_over_all_whenever_it_is_said(
    status: MessageStatus, said: list[MessageStatus], data: st.DataObject
) -> None:
    said = data.draw(st.permutations([*said, S.DELIVERED]))
    assert heard(a_message(status), said).status is S.DELIVERED


@given(status=statuses, said=receipts, data=st.data())
def test_the_order_of_receipts_does_not_matter(
    status: MessageStatus, said: list[MessageStatus], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(said))
    assert heard(a_message(status), mixed).status is heard(a_message(status), said).status


@given(said=receipts.filter(bool))
def test_a_message_that_was_taken_is_what_the_highest_of_its_receipts_says(
    said: list[MessageStatus],
) -> None:
    for status in (S.QUEUED, S.SENDING, S.UNKNOWN, S.SUBMITTED):
        assert heard(a_message(status), said).status is max(said, key=RANKS.__getitem__)


@given(said=receipts)
def test_what_nobody_would_take_hears_of_its_arrival_only(said: list[MessageStatus]) -> None:
    expected = S.DELIVERED if S.DELIVERED in said else S.FAILED
    assert heard(a_message(S.FAILED), said).status is expected


@given(status=statuses, said=receipts, data=st.data())
def test_a_repeated_receipt_changes_nothing(
    status: MessageStatus, said: list[MessageStatus], data: st.DataObject
) -> None:
    once = heard(a_message(status), said)
    repeated = [word for word in said for _ in range(data.draw(st.integers(1, 3)))]
    assert heard(a_message(status), repeated) == once
    for word in said:
        assert once.after_receipt(word, MUCH_LATER) is once


@pytest.mark.parametrize("status", DEAF)
@pytest.mark.parametrize("word", sorted(RECEIPT_STATUSES))
def test_a_message_no_provider_took_hears_no_receipt(
    status: MessageStatus, word: MessageStatus
) -> None:
    message = a_message(status)
    assert message.after_receipt(word, LATER) is message


@pytest.mark.parametrize("word", sorted(RECEIPT_STATUSES))
@pytest.mark.parametrize("status", [S.QUEUED, S.EXPIRED, S.FAILED])
def test_a_message_never_tried_hears_no_receipt(status: MessageStatus, word: MessageStatus) -> None:
    message = replace(a_message(status), attempts=0)
    assert message.after_receipt(word, LATER) is message


@pytest.mark.parametrize("word", sorted(RECEIPT_STATUSES))
def test_a_message_queued_again_is_not_sent_again_once_the_provider_has_it(
    word: MessageStatus,
) -> None:
    assert a_message(S.QUEUED).after_receipt(word, LATER).status is word


@given(status=hearing, word=st.sampled_from(sorted(RECEIPT_STATUSES)))
def test_a_receipt_that_moves_a_message_clears_the_failure_and_keeps_the_rest(
    status: MessageStatus, word: MessageStatus
) -> None:
    message = a_message(status)
    after = message.after_receipt(word, LATER)
    if after is not message:
        assert after == replace(message, status=word, updated_at=LATER, failure=None)


@pytest.mark.parametrize("status", [S.QUEUED, S.SENDING, S.UNKNOWN, S.SUBMITTED])
@pytest.mark.parametrize("word", [S.UNDELIVERABLE, S.EXPIRED])
def test_a_message_keeps_why_it_did_not_arrive(status: MessageStatus, word: MessageStatus) -> None:
    why = Failure(str(word), "handset is off", "3")
    assert a_message(status).after_receipt(word, LATER, why).failure == why


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("word", sorted(set(S) - RECEIPT_STATUSES))
def test_what_no_provider_can_say_is_no_receipt(status: MessageStatus, word: MessageStatus) -> None:
    with pytest.raises(IllegalTransitionError):
        a_message(status).after_receipt(word, LATER)


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
)
def test_every_text_of_whole_characters_is_taken(text: str) -> None:
    check_text(text)


@pytest.mark.parametrize("text", [" ", "\n", "\N{REPLACEMENT CHARACTER}", "😀", "\ue000", "\ud7ff"])
def test_unusual_characters_are_whole_ones(text: str) -> None:
    check_text(text)


@given(before=st.text(), after=st.text(), half=st.characters(categories=["Cs"]))
def test_half_a_surrogate_pair_is_refused(before: str, after: str, half: str) -> None:
    with pytest.raises(InvalidTextError, match=r"surrogate|NUL"):
        check_text(before + half + after)


@pytest.mark.parametrize(
    ("text", "why"), [("", "empty"), ("a\x00b", "NUL"), ("\ud83d", "surrogate")]
)
def test_the_refusal_of_a_text_says_why(text: str, why: str) -> None:
    with pytest.raises(InvalidTextError, match=why):
        check_text(text)


@pytest.mark.parametrize("reference", ["a", "order 5/2026", "Заказ № 5", "x" * 100])
def test_a_reference_of_up_to_100_printable_characters_is_taken(reference: str) -> None:
    check_reference(reference)


@pytest.mark.parametrize("reference", ["", "x" * 101, "a\nb", "a\x00", "\u200b", "\ud800"])
def test_a_reference_that_could_not_be_found_again_is_refused(reference: str) -> None:
    with pytest.raises(InvalidReferenceError, match="1 to 100 printable"):
        check_reference(reference)
