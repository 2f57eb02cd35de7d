"""However receipts are told, none is left out."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulator.callbacks import Callback, CallbackKind, Failure, Post, Retries
from entrypoints.simulator.reporting import Reporting, Way
from entrypoints.simulator.wire import ProviderCode

ways = st.sampled_from([way for way in Way if way is not Way.NEVER])
stories = st.lists(st.sampled_from(["0", "1", "20"]), min_size=1, max_size=4, unique=True)


def callback(word: str) -> Callback:
    return Callback(
        provider=ProviderCode.SMSCRU,
        kind=CallbackKind.RECEIPT,
        url="http://127.0.0.1/",
        word=word,
        phone="77011234567",
        retries=Retries(posts_max=1),
        write=lambda _: Post(b"", {}),
    )


def scheduled(way: Way, story: list[str], seconds: float) -> list[tuple[float, str]]:
    steps = Reporting(way=way, seconds=seconds).schedule([callback(word) for word in story])
    return [(pause_s, step.word) for pause_s, step in steps]


@given(way=ways, story=stories, seconds=st.floats(0, 60))
def test_everything_is_told_and_waits_once_at_most(
    way: Way, story: list[str], seconds: float
) -> None:
    steps = scheduled(way, story, seconds)
    times = 2 if way is Way.TWICE else 1
    assert Counter(word for _, word in steps) == dict.fromkeys(story, times)
    assert sum(pause_s for pause_s, _ in steps) in (0, seconds)


@given(story=stories, seconds=st.floats(0, 60))
def test_never_is_never(story: list[str], seconds: float) -> None:
    assert scheduled(Way.NEVER, story, seconds) == []


@given(story=stories)
def test_reversed_is_the_other_way_round(story: list[str]) -> None:
    assert [word for _, word in scheduled(Way.REVERSED, story, 1)] == story[::-1]


@given(
    posts_max=st.integers(1, 10),
    after=st.frozensets(st.sampled_from(Failure)),
    posts=st.integers(1, 20),
    failure=st.sampled_from([None, *Failure]),
)
def test_nobody_insists_on_what_was_taken_or_for_ever(
    posts_max: int, after: frozenset[Failure], posts: int, failure: Failure | None
) -> None:
    again = Retries(posts_max=posts_max, after=after).again(posts, failure)
    assert again == (failure in after and posts < posts_max)
    assert not (again and failure is None)
