"""Counting while nobody waits, and what is made of the counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.figures import Figures, Span
from application.ports.counters import WAITS_S
from application.rollup import KEPT, SLOT, Rollup, slot_of
from domain.message import MessageStatus
from tests.fakes import FixedClock
from tests.fakes.counters import Counted, MemoryCounters

NOW = datetime(2026, 11, 23, 6, 37, 43, tzinfo=UTC)
_S = MessageStatus


def of(at: datetime, status: MessageStatus = _S.DELIVERED, wait_s: float = 1) -> Counted:
    wait = timedelta(seconds=wait_s)
    return Counted(at=at, provider="smscru", status=status, wait=wait)


async def counted(*messages: Counted, clock: FixedClock | None = None) -> Figures:
    counters = MemoryCounters()
    counters.messages = dict(enumerate(messages))
    clock = clock or FixedClock(NOW)
    rollup = Rollup(counters, clock)
    while await rollup.once() < 1:
        pass
    return Figures(counters, clock)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware
def test_a_slot_holds_its_time(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    assert slot_of(at) <= at < slot_of(at) + SLOT
    assert slot_of(slot_of(at)) == slot_of(at)


async def test_the_latest_slots_are_counted_first_and_all_of_them_in_the_end() -> None:
    counters = MemoryCounters()
    rollup = Rollup(counters, FixedClock(NOW))
    await rollup.once()
    assert counters.recounted[:2] == [slot_of(NOW), slot_of(NOW) - SLOT]
    while await rollup.once() < 1:
        pass
    assert len(set(counters.recounted)) == len(counters.recounted) == KEPT // SLOT


async def test_the_older_a_slot_is_the_less_often_it_is_counted() -> None:
    counters, clock = MemoryCounters(), FixedClock(NOW)
    rollup = Rollup(counters, clock)
    while await rollup.once() < 1:
        pass
    counters.recounted.clear()
    for _ in range(120):
        clock.advance(30)
        while await rollup.once() < 1:
            pass
    times = counters.recounted.count
    assert times(slot_of(NOW)) > times(slot_of(NOW) - timedelta(hours=2)) > 0
    assert times(slot_of(NOW) - timedelta(days=2)) == 0


async def test_what_is_too_old_is_forgotten() -> None:
    counters, clock = MemoryCounters(), FixedClock(NOW)
    counters.messages = {1: of(NOW)}
    rollup = Rollup(counters, clock)
    while await rollup.once() < 1:
        pass
    assert len(counters.kept) == 1
    clock.at += KEPT + 2 * SLOT
    while await rollup.once() < 1:
        pass
    assert counters.kept == []


@pytest.mark.parametrize(("span", "parts"), [(Span.HOUR, 12), (Span.DAY, 24), (Span.WEEK, 168)])
async def test_a_span_has_all_its_parts_whether_anything_was_sent_or_not(
    span: Span, parts: int
) -> None:
    figures = await (await counted())(span)
    assert len(figures.times) == len(figures.parts) == parts
    assert figures.times[-1] <= NOW < figures.times[-1] + span.step
    assert figures.providers == []
    assert figures.total.rate is None


async def test_what_became_of_messages_is_told_apart() -> None:
    statuses = [*MessageStatus, _S.DELIVERED, _S.DELIVERED]
    figures = await (await counted(*(of(NOW, status) for status in statuses)))(Span.HOUR)
    total = figures.total
    assert (total.sent, total.delivered, total.failed, total.unknown) == (6, 3, 4, 1)
    assert figures.parts[-1] == total
    assert total.rate == pytest.approx(3 / 7)


async def test_what_was_before_the_span_is_not_in_it() -> None:
    figures = await counted(of(NOW), of(NOW - timedelta(hours=2)), of(NOW - timedelta(days=2)))
    sent = [(await figures(span)).total.sent for span in Span]
    assert sent == [1, 2, 3]


async def test_how_long_providers_take_is_told_in_steps() -> None:
    waits = [1] * 50 + [4] * 45 + [100] * 5
    figures = await (await counted(*(of(NOW, wait_s=wait) for wait in waits)))(Span.DAY)
    (provider,) = figures.providers
    assert (provider.p50_s, provider.p95_s) == (1, 5)


@given(st.lists(st.floats(0, 10**6), min_size=1, max_size=50))
async def test_no_message_took_longer_than_is_said_of_all(waits: list[float]) -> None:
    figures = await (await counted(*(of(NOW, wait_s=wait) for wait in waits)))(Span.HOUR)
    (provider,) = figures.providers
    assert provider.p50_s in WAITS_S
    assert provider.p95_s is not None
    assert provider.p50_s <= provider.p95_s
    under = sum(wait <= provider.p95_s or provider.p95_s == WAITS_S[-1] for wait in waits)
    assert under >= 0.95 * len(waits)
