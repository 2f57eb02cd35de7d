from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event, EventName
from domain.message import MessageStatus
from domain.webhook import (
    DELAYS_S,
    DISABLED_AFTER,
    SPREAD,
    Answered,
    Delivery,
    DeliveryStatus,
    Endpoint,
    delivery_id,
    received_id,
    transitions,
)

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
MESSAGE = UUID("019f86f7-0000-7000-8000-000000000001")
URL = "https://shop.example/habar"
BAD = Answered(status=503, error="answered 503")
names = st.sampled_from(EventName)
histories = st.lists(names).map(lambda found: [Event(at=NOW, name=name) for name in found])


def told(*found: EventName) -> list[str]:
    history = [Event(at=NOW, name=name) for name in found]
    return [t.type.removeprefix("message.") for t in transitions(MESSAGE, history)]


def pending(attempts: int = 0) -> Delivery:
    return Delivery(
        id=uuid4(),
        event_id=uuid4(),
        event_type="message.delivered",
        message_id=MESSAGE,
        url=URL,
        status=DeliveryStatus.PENDING,
        attempts=attempts,
        created_at=NOW,
        updated_at=NOW,
        due_at=NOW,
    )


def test_every_change_of_state_is_told() -> None:
    found = told(EventName.ACCEPTED, EventName.SUBMITTED, EventName.DELIVERED)
    assert found == ["submitted", "delivered"]


def test_what_is_no_state_is_not_told() -> None:
    assert told(EventName.ACCEPTED, EventName.DEFERRED, EventName.ROUTED) == []
    assert told(EventName.UNKNOWN, EventName.LOOKED_UP, EventName.HELD) == ["unknown"]


def test_a_state_that_is_said_again_is_no_change() -> None:
    assert told(EventName.SUBMITTED, EventName.LOOKED_UP, EventName.SUBMITTED) == ["submitted"]


def test_a_state_a_message_has_left_and_comes_back_to_is_another_event() -> None:
    history = [
        Event(at=NOW, name=name)
        for name in (EventName.UNKNOWN, EventName.RESENT, EventName.UNKNOWN)
    ]
    first, second = transitions(MESSAGE, history)
    assert (first.number, second.number) == (1, 2)
    assert first.id != second.id


@pytest.mark.parametrize("status", sorted(set(MessageStatus) - {"queued", "sending"}))
def test_every_state_after_the_queue_can_be_told(status: MessageStatus) -> None:
    assert told(EventName(status)) == [status]


@given(history=histories)
def test_no_two_changes_have_one_name_and_each_is_another_state(history: list[Event]) -> None:
    found = list(transitions(MESSAGE, history))
    assert len({t.id for t in found}) == len(found)
    assert all(str(history[t.index].name) == str(t.status) for t in found)


@given(history=histories, more=histories)
def test_what_happens_later_changes_no_name(history: list[Event], more: list[Event]) -> None:
    before = list(transitions(MESSAGE, history))
    assert list(transitions(MESSAGE, [*history, *more]))[: len(before)] == before


def test_messages_have_names_of_their_own() -> None:
    history = [Event(at=NOW, name=EventName.DELIVERED)]
    names = {t.id for message in (MESSAGE, uuid4()) for t in transitions(message, history)}
    assert len({*names, received_id(MESSAGE)}) == 3


@given(
    earlier=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - see timezones
    later_s=st.integers(1, 10**9),
    events=st.tuples(st.uuids(), st.uuids()),
)
def test_deliveries_are_named_in_the_order_of_their_events(
    earlier: datetime, later_s: int, events: tuple[UUID, UUID]
) -> None:
    first = delivery_id(events[0], earlier, URL)
    second = delivery_id(events[1], earlier + timedelta(seconds=later_s), URL)
    assert first < second
    assert first.version == 8
    assert first == delivery_id(events[0], earlier, URL)
    assert first != delivery_id(events[0], earlier, f"{URL}/other")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_the_end(status: int) -> None:
    after = pending().after(Answered(status=status), NOW, 0.5)
    assert (after.status, after.attempts) == (DeliveryStatus.DELIVERED, 1)


@pytest.mark.parametrize("status", [None, 199, 301, 302, 307, 400, 404, 429, 500, 503])
def test_everything_else_is_tried_again(status: int | None) -> None:
    after = pending().after(Answered(status=status, error="no"), NOW, 0.5)
    assert (after.status, after.due_at) == (DeliveryStatus.PENDING, NOW + timedelta(seconds=5))


def test_it_is_tried_for_more_than_a_day_and_then_given_up() -> None:
    delivery, at, waits = pending(), NOW, []
    while delivery.status is DeliveryStatus.PENDING:
        delivery = delivery.after(BAD, at, 0.5)
        waits.append((delivery.due_at - at).total_seconds())
        at = delivery.due_at
    assert waits[:-1] == [5, 300, 1800, 7200, 18000, 36000, 36000]
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.attempts == len(DELAYS_S) + 1


@given(chance=st.floats(0, 1), attempts=st.integers(0, len(DELAYS_S) - 1))
def test_no_wait_is_farther_off_than_its_spread(chance: float, attempts: int) -> None:
    after = pending(attempts).after(BAD, NOW, chance)
    share = (after.due_at - NOW).total_seconds() / DELAYS_S[attempts]
    assert 1 - SPREAD - 1e-6 <= share <= 1 + SPREAD + 1e-6


def test_a_receiver_can_ask_for_more_time_but_not_for_less() -> None:
    longer = Answered(status=503, error="no", retry_after_s=60)
    assert pending().after(longer, NOW, 0.5).due_at == NOW + timedelta(seconds=60)
    assert pending(1).after(longer, NOW, 0.5).due_at == NOW + timedelta(seconds=300)


def test_gone_is_gone() -> None:
    gone = Answered(status=410, error="answered 410 Gone")
    assert pending().after(gone, NOW, 0.5).status is DeliveryStatus.FAILED
    endpoint = Endpoint(url=URL).after(gone, NOW)
    assert (endpoint.disabled_at, endpoint.reason) == (NOW, "answered 410 Gone")


def test_an_address_may_fail_for_five_days() -> None:
    failing = Endpoint(url=URL).after(BAD, NOW)
    assert failing == Endpoint(url=URL, failing_since=NOW)
    just = failing.after(BAD, NOW + DISABLED_AFTER - timedelta(seconds=1))
    assert just == failing
    assert failing.after(BAD, NOW + DISABLED_AFTER).disabled_at == NOW + DISABLED_AFTER


def test_one_success_and_the_days_begin_anew() -> None:
    failing = Endpoint(url=URL).after(BAD, NOW)
    assert failing.after(Answered(status=200), NOW) == Endpoint(url=URL)


def test_a_disabled_address_stays_disabled_whatever_a_last_post_says() -> None:
    disabled = Endpoint(url=URL, failing_since=NOW, disabled_at=NOW, reason="failing")
    assert disabled.after(Answered(status=200), NOW) == disabled
    assert disabled.after(BAD, NOW + DISABLED_AFTER) == disabled


def test_a_reason_is_no_longer_than_its_place() -> None:
    failing = Endpoint(url=URL, failing_since=NOW)
    long = Answered(error="x" * 5_000)
    assert len(failing.after(long, NOW + DISABLED_AFTER).reason) <= 200
