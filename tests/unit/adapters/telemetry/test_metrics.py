"""What is counted under which labels."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from adapters.telemetry.metrics import STATUSES, Metrics
from application.ports.outbox import Lease, NewMessage, Settlement, SweepReport
from domain.event import Event, EventName
from domain.lookup import Balance
from domain.message import Channel, Message, MessageStatus
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
from domain.receipt import Receipt
from domain.segments import count_segments
from tests.fakes import NOW

_S = MessageStatus
CODES = ("smscru", "twilio")
SECONDS = 0.3
MESSAGE = Message(
    id=UUID(int=1),
    request_id=UUID(int=2),
    channel=Channel.SMS,
    recipient=Phone("+77011234567"),
    text="Код 4821",
    provider="smscru",
    status=_S.SENDING,
    created_at=NOW,
    updated_at=NOW,
)
LEASE = Lease(MESSAGE.id, UUID(int=3), 60)
LATER = NOW + timedelta(seconds=90)


class Counted:
    """Metrics, and a look at them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, CODES)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def messages(self, status: str, provider: str = "smscru", channel: str = "sms") -> float | None:
        labels = {"provider": provider, "channel": channel, "status": status}
        return self.registry.get_sample_value("habar_messages_total", labels)

    def labels(self) -> set[str]:
        """Every value of a label there is; where buckets end is no matter."""
        return {
            value
            for metric in self.registry.collect()
            for sample in metric.samples
            for label, value in sample.labels.items()
            if label != "le"
        }


@pytest.fixture
def counted() -> Counted:
    return Counted()


def settlement(
    status: MessageStatus, *names: EventName, was: MessageStatus = _S.SENDING
) -> Settlement:
    message = replace(MESSAGE, status=status, updated_at=LATER)
    events = tuple(Event(at=LATER, name=name, provider="smscru") for name in names)
    return Settlement(message, LEASE, events, was)


OUTCOMES: list[tuple[SubmitOutcome, int]] = [
    (Accepted("1"), 1),
    (Rejected(reason=RejectReason.OTHER), 0),
    (Unavailable(kind=UnavailableKind.NETWORK), 0),
    (Unconfirmed("no answer"), 0),
]


@pytest.mark.parametrize(("outcome", "segments"), OUTCOMES)
def test_every_submission_is_timed_and_segments_count_where_it_was_taken(
    counted: Counted, outcome: SubmitOutcome, segments: int
) -> None:
    counted.metrics.submitted(MESSAGE, outcome, SECONDS)
    labels = {"provider": "smscru", "channel": "sms"}
    assert counted.value("habar_submit_seconds_count", **labels) == 1
    assert counted.value("habar_submit_seconds_sum", **labels) == SECONDS
    assert counted.value("habar_segments_total", provider="smscru") == segments


def test_a_long_text_counts_all_its_segments_and_a_call_none(counted: Counted) -> None:
    counted.metrics.submitted(replace(MESSAGE, text="я" * 71), Accepted(), SECONDS)
    counted.metrics.submitted(replace(MESSAGE, channel=Channel.CALL), Accepted(), SECONDS)
    assert counted.value("habar_segments_total", provider="smscru") == 2
    assert counted.value("habar_submit_seconds_count", provider="smscru", channel="call") == 1


def test_a_message_delivered_at_once_was_submitted_too(counted: Counted) -> None:
    both = settlement(_S.DELIVERED, EventName.SUBMITTED, EventName.DELIVERED)
    counted.metrics.settled(both)
    assert (counted.messages("submitted"), counted.messages("delivered")) == (1, 1)
    assert counted.value("habar_delivery_seconds_sum", provider="smscru") == 90


def test_what_is_no_state_is_not_counted_as_one(counted: Counted) -> None:
    counted.metrics.settled(settlement(_S.QUEUED, EventName.ROUTED, EventName.DEFERRED))
    assert [counted.messages(status) for status in STATUSES] == [0] * len(STATUSES)


def test_what_ended_before_it_was_sent_counts_under_its_own_provider(counted: Counted) -> None:
    segments = count_segments(MESSAGE.text)
    blocked = Event(at=NOW, name=EventName.BLOCKED)
    counted.metrics.accepted(
        [
            NewMessage(MESSAGE, segments, None, (blocked,)),
            NewMessage(MESSAGE, segments, LEASE),
        ]
    )
    assert counted.messages("blocked") == 1


RESOLVED = [
    (settlement(_S.SUBMITTED, EventName.SUBMITTED, was=_S.UNKNOWN), "lookup"),
    (settlement(_S.UNDELIVERABLE, EventName.UNDELIVERABLE, was=_S.UNKNOWN), "lookup"),
    (settlement(_S.QUEUED, EventName.LOOKED_UP, EventName.RESENT, was=_S.UNKNOWN), "resent"),
    (settlement(_S.UNKNOWN, EventName.LOOKED_UP, EventName.HELD, was=_S.UNKNOWN), "held"),
    (settlement(_S.UNKNOWN, EventName.LOOKED_UP, was=_S.UNKNOWN), None),
    (settlement(_S.UNKNOWN, EventName.UNKNOWN), None),
    (settlement(_S.DELIVERED, EventName.DELIVERED, was=_S.SUBMITTED), None),
]


@pytest.mark.parametrize(("told", "how"), RESOLVED)
def test_how_a_doubt_ends_is_counted(counted: Counted, told: Settlement, how: str | None) -> None:
    counted.metrics.settled(told)
    ways = ("lookup", "receipt", "resent", "held")
    found = {
        way
        for way in ways
        if counted.value("habar_unknown_resolved_total", provider="smscru", how=way)
    }
    assert found == ({how} if how else set())


@pytest.mark.parametrize("before", [_S.SUBMITTED, _S.UNKNOWN])
def test_a_receipt_counts_as_what_it_says(counted: Counted, before: MessageStatus) -> None:
    receipt = Receipt(provider="smscru", status=_S.DELIVERED, at=LATER, message_id=MESSAGE.id)
    counted.metrics.reported(receipt, replace(MESSAGE, status=before))
    assert counted.messages("delivered") == 1
    assert counted.value("habar_delivery_seconds_count", provider="smscru") == 1
    resolved = counted.value("habar_unknown_resolved_total", provider="smscru", how="receipt")
    assert resolved == (before is _S.UNKNOWN)


@pytest.mark.parametrize("reason", UnavailableKind)
def test_a_retry_counts_under_its_reason(counted: Counted, reason: UnavailableKind) -> None:
    counted.metrics.retried("twilio", reason)
    assert counted.value("habar_retries_total", provider="twilio", reason=reason) == 1


def test_a_sweep_and_a_transaction_count(counted: Counted) -> None:
    counted.metrics.swept(SweepReport(in_doubt=2, expired=3))
    counted.metrics.committed(7)
    assert counted.value("habar_swept_messages_total", status="unknown") == 2
    assert counted.value("habar_swept_messages_total", status="expired") == 3
    assert counted.value("habar_commit_batch_size_sum") == 7


def test_a_balance_is_shown_until_it_is_not_known_any_more(counted: Counted) -> None:
    counted.metrics.asked("smscru", Balance(Decimal("12.50"), "RUB"))
    counted.metrics.asked("twilio", Balance(Decimal(3), "USD"))
    counted.metrics.asked("twilio", Balance(Decimal(2), "EUR"))
    assert counted.value("habar_provider_balance", provider="smscru", currency="RUB") == 12.5
    assert counted.value("habar_provider_balance", provider="twilio", currency="EUR") == 2
    assert counted.value("habar_provider_balance", provider="twilio", currency="USD") is None
    counted.metrics.asked("smscru", None)
    assert counted.value("habar_provider_balance", provider="smscru", currency="RUB") is None


@given(
    provider=st.text(),
    currency=st.text() | st.from_regex("[A-Z]{3}", fullmatch=True),
    channel=st.sampled_from(Channel),
    status=st.sampled_from(STATUSES),
    reason=st.sampled_from(UnavailableKind),
)
def test_nothing_from_outside_becomes_a_label(
    provider: str, currency: str, channel: Channel, status: EventName, reason: UnavailableKind
) -> None:
    """Only codes that are configured, and words of ours."""
    counted = Counted()
    ours = counted.labels()
    foreign = replace(MESSAGE, provider=provider, channel=channel)
    events = (Event(at=LATER, name=status, provider=provider),)
    counted.metrics.submitted(foreign, Accepted(provider), SECONDS)
    counted.metrics.settled(Settlement(foreign, LEASE, events, _S.UNKNOWN))
    counted.metrics.retried(provider, reason)
    counted.metrics.asked(provider, Balance(Decimal(1), currency))
    new = counted.labels() - ours - {""}
    assert new == ({currency} if re.fullmatch("[A-Z]{3}", currency) else set())
