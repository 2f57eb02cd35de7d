"""What a provider's later word does to a message, and to which of its submissions it belongs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.lookup import Found
from domain.message import RECEIPT_STATUSES, Failure, Message, MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from domain.receipt import Receipt
from domain.terms import Terms
from tests.contracts.messages import NOW, a_message

S = MessageStatus
LATER = NOW + timedelta(seconds=5)
ROUTE = Terms(route=("smscru", "twilio"))
OUTCOMES: list[SubmitOutcome] = [
    Accepted("SM1"),
    Accepted(),
    Accepted("SM1", delivered=True),
    Rejected(reason=RejectReason.RECIPIENT),
    Unavailable(kind=UnavailableKind.NO_MONEY),
    Unconfirmed("no answer within 30 s"),
]
words = st.sampled_from(sorted(RECEIPT_STATUSES))


def sent(status: MessageStatus = S.SUBMITTED, **more: Any) -> Message:  # noqa: ANN401 - whatever a message has
    has: dict[str, Any] = {"status": status, "provider_id": "SM1", "terms": ROUTE}
    return replace(a_message(provider="smscru"), **(has | more))


def said(status: MessageStatus, **more: Any) -> Receipt:  # noqa: ANN401 - whatever a receipt has
    has: dict[str, Any] = {
        "provider": "smscru",
        "at": LATER,
        "provider_id": "SM1",
        "provider_code": "20",
        "text": "Absent.",
    }
    return Receipt(status=status, **(has | more))


def test_a_receipt_says_why_the_message_did_not_arrive_and_nothing_where_it_did() -> None:
    for status in (S.UNDELIVERABLE, S.EXPIRED):
        assert said(status).failure == Failure(str(status), "Absent.", "20")
    for status in (S.SUBMITTED, S.DELIVERED):
        assert said(status).failure is None


def test_a_receipt_is_a_line_of_the_history_in_the_providers_words() -> None:
    for status in RECEIPT_STATUSES:
        event = said(status).event(NOW)
        assert (str(event.name), event.at, event.provider) == (str(status), NOW, "smscru")
        assert (event.provider_code, event.text) == ("20", "Absent.")
        assert isinstance(event, Event)


@pytest.mark.parametrize("status", [S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED])
def test_a_message_becomes_what_its_receipt_says(status: MessageStatus) -> None:
    receipt = said(status)
    assert receipt.applied_to(sent()) == replace(
        sent(), status=status, updated_at=LATER, failure=receipt.failure
    )


def test_a_receipt_that_came_before_the_answer_counts_from_the_answer_on() -> None:
    after = said(S.DELIVERED, at=NOW - timedelta(seconds=1)).applied_to(sent())
    assert after.updated_at == sent().updated_at


def test_a_name_the_message_had_not_is_learnt_and_one_it_had_is_kept() -> None:
    unnamed = sent(S.UNKNOWN, provider_id=None)
    assert said(S.SUBMITTED, provider_id="SM7").applied_to(unnamed).provider_id == "SM7"
    assert said(S.DELIVERED, provider_id=None).applied_to(sent()).provider_id == "SM1"


@given(word=words, data=st.data())
def test_what_says_nothing_new_leaves_the_very_message(
    word: MessageStatus, data: st.DataObject
) -> None:
    once = said(word).applied_to(sent())
    again = said(word, at=LATER + timedelta(hours=1), text=data.draw(st.text(max_size=5)))
    assert again.applied_to(once) is once


def arrived(outcome: SubmitOutcome, receipts: list[MessageStatus], answer_at: int) -> Message:
    """Return a message after its answer and receipts; what comes before the answer waits for it."""
    sending = sent(S.SENDING, provider_id=None)
    early, late = receipts[:answer_at], receipts[answer_at:]
    message = sending.after(outcome, NOW)
    for status in [*early, *late]:
        message = said(status).applied_to(message)
    return message


@given(
    outcome=st.sampled_from(OUTCOMES),
    receipts=st.lists(words, max_size=6),
    data=st.data(),
)
def test_any_order_repetition_and_delay_comes_to_the_same(
    outcome: SubmitOutcome, receipts: list[MessageStatus], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(receipts), max_size=4)) if receipts else []
    mixed = data.draw(st.permutations([*receipts, *repeated]))
    answer_at = data.draw(st.integers(0, len(mixed)))
    assert arrived(outcome, mixed, answer_at).status is arrived(outcome, receipts, 0).status


# Words about earlier submissions.


def test_a_former_provider_does_not_end_what_another_one_has() -> None:
    message = sent(provider="twilio")
    for status in RECEIPT_STATUSES - {S.DELIVERED}:
        assert said(status).applied_to(message) is message


@pytest.mark.parametrize("status", [S.SUBMITTED, S.UNKNOWN, S.FAILED, S.UNDELIVERABLE])
def test_what_a_former_provider_delivered_has_arrived(status: MessageStatus) -> None:
    message = sent(status, provider="twilio", provider_id="SM9")
    after = said(S.DELIVERED, provider_id="7").applied_to(message)
    assert (after.status, after.provider, after.provider_id) == (S.DELIVERED, "smscru", "7")


@pytest.mark.parametrize("status", sorted(RECEIPT_STATUSES))
def test_what_waits_for_another_provider_but_was_taken_does_not_go_again(
    status: MessageStatus,
) -> None:
    after = said(status, provider_id=None).applied_to(
        sent(S.QUEUED, provider="twilio", provider_id=None)
    )
    assert (after.status, after.provider, after.provider_id) == (status, "smscru", None)


def test_a_provider_the_message_never_went_to_says_nothing_of_it() -> None:
    for message in (sent(), sent(S.QUEUED), sent(S.UNKNOWN)):
        assert said(S.DELIVERED, provider="mobizonkz").applied_to(message) is message


def test_an_earlier_submission_to_the_same_provider_does_not_end_the_present_one() -> None:
    resent = sent(attempts=2, provider_id="SM2")
    assert said(S.UNDELIVERABLE).applied_to(resent) is resent
    assert said(S.DELIVERED).applied_to(resent).status is S.DELIVERED
    assert said(S.UNDELIVERABLE, provider_id=None).applied_to(resent).status is S.UNDELIVERABLE


def test_the_only_submission_hears_its_receipt_whatever_it_is_called() -> None:
    assert said(S.UNDELIVERABLE, provider_id="other").applied_to(sent()).status is S.UNDELIVERABLE


# What was found by asking.


def test_what_is_found_by_asking_is_a_receipt_too() -> None:
    found = Found(status=S.EXPIRED, provider_code="3", text="Too late.")
    receipt = Receipt.of(found, sent(), LATER)
    assert (receipt.provider, receipt.message_id, receipt.at) == ("smscru", sent().id, LATER)
    assert (receipt.provider_id, receipt.provider_code, receipt.text) == ("SM1", "3", "Too late.")
    assert not receipt.weak
    assert Receipt.of(replace(found, provider_id="SM2"), sent(), LATER).provider_id == "SM2"
    assert Receipt.of(replace(found, text=""), sent(), LATER).text == "found by asking"
