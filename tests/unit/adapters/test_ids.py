import time
from collections.abc import Iterator
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ids import TimeOrderedIds
from application.ports.system import Ids

MS = 1_000_000
NOW_NS = 1_795_415_683_000 * MS
LAST_OF_A_MILLISECOND = bytes([0xFF] * 10)


def milliseconds(name: UUID) -> int:
    return name.int >> 80


def random_bits(name: UUID) -> int:
    return (name.int >> 64 & 0xFFF) << 62 | name.int & (1 << 62) - 1


def clock_reading(times: list[int]) -> Iterator[int]:
    yield from times


def test_a_name_carries_the_time_its_version_and_its_variant() -> None:
    ids: Ids = TimeOrderedIds()
    before, name, after = time.time_ns() // MS, ids.new(), time.time_ns() // MS
    assert before <= milliseconds(name) <= after
    assert name.version == 7
    assert name.variant == RFC_4122


@given(times=st.lists(st.integers(0, 2**48 * MS - 1), min_size=1, max_size=50))
def test_names_grow_whatever_the_wall_clock_does(times: list[int]) -> None:
    ids = TimeOrderedIds(clock_reading(times).__next__)
    names = [ids.new() for _ in times]
    assert all(earlier < later for earlier, later in pairwise(names))
    assert {name.version for name in names} == {7}
    assert {name.variant for name in names} == {RFC_4122}


def test_names_of_one_millisecond_are_distinct_and_in_order() -> None:
    ids = TimeOrderedIds(lambda: NOW_NS)
    names = [ids.new() for _ in range(20_000)]
    assert all(earlier < later for earlier, later in pairwise(names))
    assert {milliseconds(name) for name in names} == {NOW_NS // MS}


def test_after_the_clock_stepped_back_names_keep_the_latest_time_until_it_is_reached_again() -> (
    None
):
    ids = TimeOrderedIds(clock_reading([NOW_NS, NOW_NS - 3600_000 * MS, NOW_NS + MS]).__next__)
    assert [milliseconds(ids.new()) for _ in range(3)] == [
        NOW_NS // MS,
        NOW_NS // MS,
        NOW_NS // MS + 1,
    ]


def test_a_random_part_that_runs_over_carries_into_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.ids.os.urandom", lambda _: LAST_OF_A_MILLISECOND)
    ids = TimeOrderedIds(lambda: NOW_NS)
    last, next_one = ids.new(), ids.new()
    assert random_bits(last) == (1 << 74) - 1
    assert milliseconds(next_one) == NOW_NS // MS + 1
    assert random_bits(next_one) == 0xFFFF_FFFF
    assert (next_one.version, next_one.variant) == (7, RFC_4122)


def test_two_processes_that_start_together_give_different_names() -> None:
    one, other = TimeOrderedIds(lambda: NOW_NS), TimeOrderedIds(lambda: NOW_NS)
    assert {one.new() for _ in range(1000)}.isdisjoint({other.new() for _ in range(1000)})
