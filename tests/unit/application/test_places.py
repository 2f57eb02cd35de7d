"""A place that becomes free goes to the most urgent who waits, then to the first."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.places import Places
from domain.terms import Priority
from tests.unit.application.gateway import turns

OTP, USUAL, BULK = Priority


@dataclass
class Queue:
    """People who want places, and who got one, in order."""

    places: Places
    got: list[int] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def ask(self, priority: Priority) -> None:
        async def take(number: int) -> None:
            await self.places.take(priority)
            self.got.append(number)

        self.tasks.append(asyncio.create_task(take(len(self.tasks))))

    async def ask_in_turn(self, *priorities: Priority) -> None:
        for priority in priorities:
            self.ask(priority)
            await turns(3)


async def test_there_are_no_more_than_there_are() -> None:
    queue = Queue(Places(2))
    await queue.ask_in_turn(USUAL, USUAL, USUAL)
    assert queue.got == [0, 1]
    queue.places.free(1)
    await turns()
    assert queue.got == [0, 1, 2]


async def test_the_most_urgent_goes_first_then_who_came_first() -> None:
    queue = Queue(Places(1))
    await queue.ask_in_turn(BULK, BULK, USUAL, OTP, USUAL, OTP)
    for _ in range(5):
        queue.places.free(1)
        await turns(5)
    assert queue.got == [0, 3, 5, 2, 4, 1]


async def test_several_that_become_free_at_once_go_to_several() -> None:
    queue = Queue(Places(3))
    await queue.ask_in_turn(*[USUAL] * 3, BULK, OTP, USUAL, USUAL)
    queue.places.free(3)
    await turns()
    assert sorted(queue.got[3:]) == [4, 5, 6]


async def test_what_is_free_can_be_taken_without_waiting() -> None:
    places = Places(5)
    await places.take(USUAL)
    assert (places.take_free(3), places.take_free(3), places.take_free(3)) == (3, 1, 0)
    places.free(5)
    assert (places.take_free(9), places.count) == (5, 5)


async def test_who_gives_up_waiting_leaves_the_line() -> None:
    queue = Queue(Places(1))
    await queue.ask_in_turn(USUAL, OTP, USUAL)
    queue.tasks[1].cancel()
    await turns(5)
    queue.places.free(1)
    await turns(5)
    assert queue.got == [0, 2]


async def test_a_place_given_to_one_who_gives_up_in_the_same_moment_goes_to_the_next() -> None:
    queue = Queue(Places(1))
    await queue.ask_in_turn(USUAL, OTP, USUAL)
    queue.places.free(1)
    queue.tasks[1].cancel()
    await turns(5)
    assert queue.got == [0, 2]
    queue.places.free(1)
    assert queue.places.take_free(9) == 1


async def test_a_place_is_given_back_whatever_ends_the_block() -> None:
    async def fail() -> None:
        async with places.one(USUAL):
            assert places.take_free(1) == 0
            raise KeyError

    places = Places(1)
    with pytest.raises(KeyError):
        await fail()
    assert places.take_free(1) == 1


steps = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(Priority)),
    st.tuples(st.just("free"), st.just(USUAL)),
    st.tuples(st.just("pass"), st.just(USUAL)),
    st.tuples(st.just("give up"), st.integers(0, 20)),
)


@given(count=st.integers(1, 4), plan=st.lists(steps, max_size=60))
async def test_no_place_is_ever_lost_or_made(count: int, plan: list[tuple[str, int]]) -> None:
    queue, freed = Queue(Places(count)), 0
    for what, number in plan:
        if what == "ask":
            queue.ask(Priority(number))
        elif what == "free" and freed < len(queue.got):
            queue.places.free(1)
            freed += 1
        elif what == "give up" and queue.tasks:
            queue.tasks[number % len(queue.tasks)].cancel()
        elif what == "pass":
            await turns(3)
        assert len(queue.got) - freed <= count
    while freed < len(queue.got) or not all(task.done() for task in queue.tasks):
        await turns(3)
        queue.places.free(len(queue.got) - freed)
        freed = len(queue.got)
    kept = [number for number, task in enumerate(queue.tasks) if not task.cancelled()]
    assert sorted(queue.got) == kept
    assert queue.places.take_free(99) == count


@given(waiting=st.lists(st.sampled_from(Priority), max_size=12))
async def test_the_line_is_in_order_whoever_came_when(waiting: list[Priority]) -> None:
    queue = Queue(Places(1))
    await queue.ask_in_turn(BULK, *waiting)
    for _ in waiting:
        queue.places.free(1)
        await turns(3)
    assert queue.got[1:] == sorted(range(1, len(waiting) + 1), key=lambda n: (waiting[n - 1], n))
