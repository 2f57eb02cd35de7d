"""The promise of a rate, for any schedule of claims and reservations."""

from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import uuid4

from hypothesis import strategies as st

from application.ports.outbox import Outbox
from application.ports.provider_states import ProviderStates
from tests.contracts.outbox.fixtures import a_queued, a_request, wanted
from tests.fakes import FixedClock

SPACING_S = 0.125
HORIZON_S = 0.5
TEXTS = {1: "Hello", 2: "a" * 200, 3: "a" * 400}
_EXACT_S = 1e-5


class Paced(NamedTuple):
    """Two processes' outboxes and their providers' states, by a clock that is moved."""

    outbox: Outbox
    other: Outbox
    states: ProviderStates
    clock: FixedClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Time passes, then somebody claims, or reserves a slot for a message that is not claimed.

    Attributes:
        cost: segments of the messages queued, or of the one a slot is reserved for.
    """

    pause_s: float
    limit: int
    cost: int
    by_other: bool
    reserve: bool


schedules = st.lists(
    st.builds(
        Step,
        pause_s=st.sampled_from([0.0, 0.0, 0.01, SPACING_S, 0.3, 2.0]),
        limit=st.integers(1, 8),
        cost=st.sampled_from([*TEXTS]),
        by_other=st.booleans(),
        reserve=st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


async def keep_the_rate(paced: Paced, schedule: list[Step]) -> None:
    """Follow a schedule: in no window are there more segments than the rate has room for."""
    provider = f"p{uuid4().hex[:12]}"
    start, free_at = paced.clock.now(), 0.0
    slots: list[tuple[float, int]] = []
    for step in schedule:
        paced.clock.advance(step.pause_s)
        at = (paced.clock.now() - start).total_seconds()
        taken = await _take(paced, provider, step)
        assert taken or free_at > at + _EXACT_S, "a free slot was not given"
        assert all(0 <= wait_s <= HORIZON_S + _EXACT_S for wait_s, _ in taken)
        slots += [(at + wait_s, cost) for wait_s, cost in taken]
        if slots:
            free_at = slots[-1][0] + slots[-1][1] * SPACING_S
    for first, (begin, _) in enumerate(slots):
        sent = 0
        for at, cost in slots[first:]:
            assert sent * SPACING_S <= at - begin + _EXACT_S, "more than the rate has room for"
            sent += cost


async def _take(paced: Paced, provider: str, step: Step) -> list[tuple[float, int]]:
    """Return the slots that were given: seconds until each, and its segments."""
    if step.reserve:
        wait_s = await paced.states.reserve(
            provider, cost=step.cost, spacing_s=SPACING_S, patience_s=HORIZON_S
        )
        return [] if wait_s is None else [(wait_s, step.cost)]
    request = a_request(text=TEXTS[step.cost])
    news = [a_queued(request, number, provider=provider) for number in range(step.limit)]
    await paced.outbox.accept(news, request)
    want = replace(wanted(provider, limit=step.limit), spacing_s=SPACING_S, horizon_s=HORIZON_S)
    claim = await (paced.other if step.by_other else paced.outbox).claim(want)
    return [(claimed.start_in_s, claimed.segments.count) for claimed in claim.claimed]
