import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.terms import OnUnknown, Priority, Terms

routes = st.lists(st.sampled_from("abcdef"), unique=True).map(tuple)
providers = st.sampled_from("abcdefg")


def test_codes_go_before_news_and_news_before_bulk() -> None:
    assert sorted(Priority, reverse=True) == [
        Priority.BULK,
        Priority.TRANSACTIONAL,
        Priority.OTP,
    ]


def test_lanes_have_the_words_of_the_api() -> None:
    assert [priority.label for priority in Priority] == ["otp", "transactional", "bulk"]
    assert [Priority[label.upper()] for label in ("otp", "bulk")] == [Priority.OTP, Priority.BULK]


def test_what_nobody_asked_for_is_cautious() -> None:
    terms = Terms()
    assert terms.on_unknown is OnUnknown.HOLD
    assert terms.priority is Priority.TRANSACTIONAL
    assert (terms.force, terms.route) == (False, ())


@pytest.mark.parametrize(
    ("provider", "following"),
    [("smscru", "twilio"), ("twilio", "mobizonkz"), ("mobizonkz", None), ("epochtasmsru", None)],
)
def test_the_next_provider_is_the_one_behind_on_the_route(
    provider: str, following: str | None
) -> None:
    terms = Terms(route=("smscru", "twilio", "mobizonkz"))
    assert terms.next_after(provider) == following


@given(route=routes, provider=providers)
def test_a_route_is_walked_through_once_and_in_its_order(
    route: tuple[str, ...], provider: str
) -> None:
    terms = Terms(route=route)
    step: str | None = terms.first(provider)
    walked = []
    while step is not None:
        walked.append(step)
        step = terms.next_after(step)
    assert tuple(walked) == (route or (provider,))


def test_without_a_route_nobody_is_next() -> None:
    assert Terms().next_after("smscru") is None
    assert Terms().first("smscru") == "smscru"
