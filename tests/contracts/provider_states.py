"""What every store of the providers' states must do."""

import asyncio
from abc import ABC, abstractmethod
from math import inf

import pytest

from application.ports.provider_states import ProviderState, ProviderStates

SLOW_S = 10.0


async def state(states: ProviderStates, provider: str = "smscru") -> ProviderState:
    return (await states.read()).get(provider, ProviderState())


class ProviderStatesContract(ABC):
    """Subclass once per store and provide the fixture."""

    @pytest.fixture
    @abstractmethod
    def states(self) -> ProviderStates:
        """The states of an empty database, at the machine's own time."""

    async def test_a_provider_nothing_is_known_of_gives_no_trouble(
        self, states: ProviderStates
    ) -> None:
        assert await states.read() == {}
        assert not ProviderState().open

    async def test_the_first_slot_is_now(self, states: ProviderStates) -> None:
        assert await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=0) == 0
        assert await state(states) == ProviderState()

    async def test_slots_follow_one_another(self, states: ProviderStates) -> None:
        slots = [
            await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=1000)
            for _ in range(5)
        ]
        for number, slot in enumerate(slots):
            assert slot is not None
            assert (number - 0.5) * SLOW_S < slot <= number * SLOW_S

    async def test_every_segment_takes_a_slot(self, states: ProviderStates) -> None:
        await states.reserve("smscru", cost=3, spacing_s=SLOW_S, patience_s=0)
        slot = await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=1000)
        assert slot is not None
        assert 2.5 * SLOW_S < slot <= 3 * SLOW_S

    async def test_reservations_at_once_get_slots_of_their_own(
        self, states: ProviderStates
    ) -> None:
        slots = await asyncio.gather(
            *(
                states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=10_000)
                for _ in range(10)
            )
        )
        taken = sorted(slot for slot in slots if slot is not None)
        assert [round(slot / SLOW_S) for slot in taken] == list(range(10))

    async def test_a_slot_farther_than_ones_patience_is_not_taken(
        self, states: ProviderStates
    ) -> None:
        await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=0)
        for _ in range(3):
            assert await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=1) is None
        slot = await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=1000)
        assert slot is not None
        assert slot <= SLOW_S

    async def test_without_a_limit_every_slot_is_now(self, states: ProviderStates) -> None:
        for _ in range(3):
            assert await states.reserve("smscru", cost=9, spacing_s=0, patience_s=0) == 0

    async def test_providers_have_their_own_slots(self, states: ProviderStates) -> None:
        for provider in ("smscru", "twilio", "smscru:lookup"):
            assert await states.reserve(provider, cost=1, spacing_s=SLOW_S, patience_s=0) == 0

    async def test_a_pause_is_counted_down(self, states: ProviderStates) -> None:
        await states.pause("smscru", 60)
        assert 30 < (await state(states)).paused_s <= 60
        assert (await state(states, "twilio")).paused_s == 0

    async def test_a_pause_is_made_longer_and_never_shorter(self, states: ProviderStates) -> None:
        await states.pause("smscru", 600)
        await states.pause("smscru", 1)
        assert 300 < (await state(states)).paused_s <= 600
        await states.pause("smscru", 6000)
        assert 3000 < (await state(states)).paused_s <= 6000

    async def test_a_pause_is_over_by_itself(self, states: ProviderStates) -> None:
        await states.pause("smscru", 0.05)
        await asyncio.sleep(0.1)
        assert (await state(states)).paused_s == 0

    async def test_a_pause_leaves_the_circuit_alone(self, states: ProviderStates) -> None:
        await states.trip("smscru", 60, "provider_no_money")
        await states.pause("smscru", 600)
        assert (await state(states)).open
        await states.restore("smscru")
        assert (await state(states)).paused_s > 300

    async def test_an_open_circuit_says_why_and_when_it_may_be_probed(
        self, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 60, "provider_no_money")
        known = await state(states)
        assert known.open
        assert known.retry_s is not None
        assert 30 < known.retry_s <= 60
        assert (known.trips, known.reason, known.paused_s) == (1, "provider_no_money", 0)
        assert not (await state(states, "twilio")).open

    async def test_a_circuit_that_opens_again_has_tripped_again(
        self, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 60, "provider_no_money")
        await states.trip("smscru", 600, "provider_unreachable")
        known = await state(states)
        assert (known.trips, known.reason) == (2, "provider_unreachable")
        assert known.retry_s is not None
        assert 300 < known.retry_s <= 600

    async def test_a_circuit_that_was_closed_forgets_its_trips(
        self, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 60, "provider_no_money")
        await states.restore("smscru")
        assert await state(states) == ProviderState()
        await states.trip("smscru", 60, "provider_no_money")
        assert (await state(states)).trips == 1

    async def test_closing_a_circuit_that_was_never_open_changes_nothing(
        self, states: ProviderStates
    ) -> None:
        await states.restore("smscru")
        assert await state(states) == ProviderState()

    async def test_a_circuit_stays_open_when_its_time_has_come(
        self, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 0, "provider_no_money")
        assert (await state(states)).retry_s == 0
        assert (await state(states)).open

    async def test_only_an_open_circuit_whose_time_has_come_is_probed(
        self, states: ProviderStates
    ) -> None:
        assert not await states.probe("smscru", 60)
        await states.trip("smscru", 60, "provider_no_money")
        assert not await states.probe("smscru", 60)
        await states.restore("smscru")
        assert not await states.probe("smscru", 60)
        assert not (await state(states)).open

    async def test_of_twenty_who_ask_exactly_one_may_probe(self, states: ProviderStates) -> None:
        await states.trip("smscru", 0, "provider_no_money")
        told = await asyncio.gather(*(states.probe("smscru", 60) for _ in range(20)))
        assert sum(told) == 1
        assert not await states.probe("smscru", 60)
        known = await state(states)
        assert (known.open, known.trips) == (True, 1)

    async def test_a_probe_that_was_not_heard_of_again_is_followed_by_another(
        self, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 0, "provider_no_money")
        assert await states.probe("smscru", 0.05)
        await asyncio.sleep(0.1)
        assert await states.probe("smscru", 60)

    async def test_slots_do_not_touch_the_circuit_nor_it_them(self, states: ProviderStates) -> None:
        await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=0)
        await states.trip("smscru", 60, "provider_no_money")
        await states.restore("smscru")
        assert await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=1) is None

    async def test_an_operator_holds_a_circuit_open_until_it_is_released(
        self, states: ProviderStates
    ) -> None:
        await states.hold("smscru", None, "ops")
        known = await state(states)
        assert (known.open, known.held, known.hold_over) == (True, True, False)
        assert (known.retry_s, known.trips, known.reason) == (inf, 0, "paused by ops")
        assert not (await state(states, "twilio")).open
        await states.release("smscru")
        assert await state(states) == ProviderState()

    async def test_a_hold_may_be_longer_than_any_pause_a_provider_asks_for(
        self, states: ProviderStates
    ) -> None:
        await states.hold("smscru", 30 * 86_400)
        known = await state(states)
        assert known.held
        assert known.reason == "paused"
        assert known.retry_s is not None
        assert 29 * 86_400 < known.retry_s <= 30 * 86_400

    async def test_what_is_held_is_not_probed_and_no_outcome_changes_that(
        self, states: ProviderStates
    ) -> None:
        await states.hold("smscru", None, "ops")
        assert not await states.probe("smscru", 60)
        await states.trip("smscru", 1, "provider_no_money")
        await states.restore("smscru")
        known = await state(states)
        assert (known.held, known.reason, known.retry_s) == (True, "paused by ops", inf)

    async def test_a_hold_that_is_over_is_an_open_circuit_which_can_be_closed(
        self, states: ProviderStates
    ) -> None:
        await states.hold("smscru", 0.05)
        await asyncio.sleep(0.1)
        known = await state(states)
        assert (known.open, known.held, known.hold_over) == (True, False, True)
        await states.restore("smscru")
        assert await state(states) == ProviderState()

    async def test_who_probes_when_a_hold_is_over_ends_it(self, states: ProviderStates) -> None:
        await states.hold("smscru", 0.05)
        await asyncio.sleep(0.1)
        assert await states.probe("smscru", 60)
        assert await state(states) == ProviderState()

    async def test_a_hold_takes_the_place_of_an_open_circuit_and_of_another_hold(
        self, states: ProviderStates
    ) -> None:
        await states.trip("smscru", 60, "provider_no_money")
        await states.hold("smscru", None, "ops")
        await states.hold("smscru", 600)
        known = await state(states)
        assert (known.trips, known.reason) == (0, "paused")
        assert known.retry_s is not None
        assert known.retry_s <= 600

    async def test_a_release_closes_every_circuit(self, states: ProviderStates) -> None:
        await states.trip("smscru", 60, "provider_no_money")
        await states.release("smscru")
        await states.release("twilio")
        assert await state(states) == ProviderState()

    async def test_a_hold_by_somebody_with_a_long_name_is_kept(
        self, states: ProviderStates
    ) -> None:
        await states.hold("smscru", None, "x" * 500)
        assert (await state(states)).held

    async def test_a_hold_leaves_slots_and_pauses_alone(self, states: ProviderStates) -> None:
        await states.pause("smscru", 600)
        await states.reserve("smscru", cost=1, spacing_s=SLOW_S, patience_s=1000)
        await states.hold("smscru", None)
        await states.release("smscru")
        assert (await state(states)).paused_s > 300
