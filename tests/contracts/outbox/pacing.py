"""How fast messages get out: slots at a provider's rate, its pauses, its circuit."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from application.ports.outbox import ClaimRequest, Outbox
from application.ports.provider_states import ProviderStates
from tests.contracts.outbox.fixtures import (
    PROVIDER,
    OutboxFixtures,
    a_queued,
    a_request,
    queue_many,
    queue_one,
    wanted,
)

SLOW_S = 20.0
THREE_SEGMENTS = "a" * 400


def paced(spacing_s: float, horizon_s: float = 0.2, *, limit: int = 10) -> ClaimRequest:
    return replace(wanted(limit=limit), spacing_s=spacing_s, horizon_s=horizon_s)


async def starts(outbox: Outbox, want: ClaimRequest) -> list[float]:
    return [claimed.start_in_s for claimed in (await outbox.claim(want)).claimed]


class PacingContract(OutboxFixtures):
    async def test_slots_are_evenly_spaced_up_to_the_horizon_and_not_beyond(
        self, outbox: Outbox
    ) -> None:
        await queue_many(outbox, 30)
        slots = await starts(outbox, paced(0.05, 0.22, limit=30))
        assert 4 <= len(slots) <= 5
        assert slots[0] == pytest.approx(0, abs=0.02)
        assert all(0 <= slot <= 0.22 for slot in slots)
        gaps = [after - before for before, after in pairwise(slots)]
        assert gaps == pytest.approx([0.05] * len(gaps), abs=0.02)

    async def test_a_rate_slower_than_the_horizon_gives_one_at_a_time(
        self, outbox: Outbox, other: Outbox
    ) -> None:
        await queue_many(outbox, 3)
        assert len(await starts(outbox, paced(SLOW_S))) == 1
        for claimer in (outbox, other):
            claim = await claimer.claim(paced(SLOW_S))
            assert not claim.claimed
            assert claim.wait_s is not None
            assert 0 < claim.wait_s <= SLOW_S

    async def test_the_next_slots_follow_those_taken_before(
        self, outbox: Outbox, other: Outbox
    ) -> None:
        await queue_many(outbox, 3)
        assert len(await starts(outbox, paced(SLOW_S, limit=1))) == 1
        slots = await starts(other, paced(SLOW_S, 1.5 * SLOW_S))
        assert len(slots) == 1
        assert 0 < slots[0] <= SLOW_S

    async def test_every_segment_takes_a_slot(self, outbox: Outbox) -> None:
        await queue_many(outbox, 3, text=THREE_SEGMENTS)
        slots = await starts(outbox, paced(0.02, 0.2))
        assert slots == pytest.approx([0, 0.06, 0.12], abs=0.02)

    async def test_a_claim_that_takes_nothing_takes_no_slot(self, outbox: Outbox) -> None:
        assert await starts(outbox, paced(SLOW_S)) == []
        await queue_many(outbox, 1)
        assert await starts(outbox, paced(SLOW_S)) == pytest.approx([0], abs=0.02)

    async def test_idle_time_is_not_saved_up(self, outbox: Outbox) -> None:
        await queue_many(outbox, 1)
        await starts(outbox, paced(0.01))
        await asyncio.sleep(0.1)
        await queue_many(outbox, 9)
        slots = await starts(outbox, paced(0.01))
        gaps = [after - before for before, after in pairwise(slots)]
        assert gaps == pytest.approx([0.01] * 8, abs=0.02)

    async def test_claims_and_reservations_share_a_rate(
        self, outbox: Outbox, states: ProviderStates
    ) -> None:
        await queue_many(outbox, 2)
        assert await states.reserve(PROVIDER, cost=1, spacing_s=SLOW_S, patience_s=0) == 0
        assert await starts(outbox, paced(SLOW_S)) == []
        slots = await starts(outbox, paced(SLOW_S, SLOW_S, limit=1))
        assert len(slots) == 1
        wait_s = await states.reserve(PROVIDER, cost=1, spacing_s=SLOW_S, patience_s=2 * SLOW_S)
        assert wait_s is not None
        assert SLOW_S / 2 < wait_s <= 2 * SLOW_S

    async def test_providers_have_their_own_rates(self, outbox: Outbox) -> None:
        request = a_request(2)
        await outbox.accept([a_queued(request), a_queued(request, provider="twilio")], request)
        assert len(await starts(outbox, paced(SLOW_S))) == 1
        assert len(await starts(outbox, replace(paced(SLOW_S), provider="twilio"))) == 1

    async def test_a_paused_provider_gets_nothing_and_its_pause_is_told(
        self, outbox: Outbox, states: ProviderStates
    ) -> None:
        await queue_one(outbox)
        await states.pause(PROVIDER, 60)
        for want in (wanted(), paced(0.01), replace(wanted(), probe=True)):
            claim = await outbox.claim(want)
            assert not claim.claimed
            assert claim.wait_s is not None
            assert 30 < claim.wait_s <= 60

    async def test_a_pause_ends_by_itself(self, outbox: Outbox, states: ProviderStates) -> None:
        await queue_one(outbox)
        await states.pause(PROVIDER, 0.1)
        await states.pause("twilio", 60)
        await asyncio.sleep(0.2)
        assert len(await starts(outbox, wanted())) == 1

    async def test_an_open_circuit_lets_nothing_through_but_a_probe(
        self, outbox: Outbox, states: ProviderStates
    ) -> None:
        await queue_many(outbox, 3)
        await states.trip(PROVIDER, 0, "provider_unreachable")
        assert await starts(outbox, wanted()) == []
        assert await states.probe(PROVIDER, 60)
        assert await starts(outbox, wanted()) == []
        assert len(await starts(outbox, replace(wanted(), probe=True))) == 1
        await states.restore(PROVIDER)
        assert len(await starts(outbox, wanted())) == 2
