"""What becomes of a message a provider is proven not to have taken."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.retry import FIRST_WAIT_S, LONGEST_WAIT_S, Retry
from domain.message import Message
from domain.outcome import Unavailable, UnavailableKind
from domain.terms import Terms
from tests.contracts.messages import NOW, a_message

LATER = NOW + timedelta(seconds=30)
COUNTED = [UnavailableKind.NETWORK, UnavailableKind.TEMPORARY, UnavailableKind.CONFIGURATION]
NOT_COUNTED = [kind for kind in UnavailableKind if kind not in COUNTED]
DOWN = Unavailable(kind=UnavailableKind.NETWORK, text="no connection", provider_code="X")
ROUTE = ("smscru", "twilio", "mobizonkz")


def sending(attempts: int, provider: str = "smscru", route: tuple[str, ...] = ()) -> Message:
    message = replace(a_message(provider=provider), attempts=attempts)
    return replace(message, terms=Terms(route=route))


def wait_s(attempts: int, *, chance: float = 1.0, outcome: Unavailable = DOWN) -> float:
    """Return the wait of a message that has one provider."""
    _, seconds = Retry(1_000_000, lambda: chance).after(sending(attempts), outcome, LATER)
    return seconds


@pytest.mark.parametrize(("provider", "following"), [("smscru", "twilio"), ("twilio", "mobizonkz")])
def test_the_next_provider_of_the_route_is_tried_at_once(provider: str, following: str) -> None:
    message, seconds = Retry(1, lambda: 1.0).after(sending(5, provider, ROUTE), DOWN, LATER)
    assert (message.status, message.provider, seconds) == ("queued", following, 0.0)


def test_behind_the_last_provider_the_route_begins_anew_after_a_wait() -> None:
    message, seconds = Retry(10, lambda: 1.0).after(sending(3, "mobizonkz", ROUTE), DOWN, LATER)
    assert (message.status, message.provider, seconds) == ("queued", "smscru", FIRST_WAIT_S)


@pytest.mark.parametrize("route", [(), ("smscru",), ("twilio",)])
def test_a_message_with_one_provider_waits_for_it(route: tuple[str, ...]) -> None:
    message, seconds = Retry(10, lambda: 1.0).after(sending(1, "smscru", route), DOWN, LATER)
    assert (message.status, message.provider) == ("queued", route[0] if route else "smscru")
    assert seconds == FIRST_WAIT_S


def test_what_was_heard_is_kept_while_it_waits() -> None:
    message, _ = Retry(10, lambda: 1.0).after(sending(1), DOWN, LATER)
    assert message.failure is not None
    assert (message.failure.code, message.failure.text) == ("provider_unreachable", "no connection")
    assert (message.failure.provider_code, message.updated_at) == ("X", LATER)


def test_every_round_doubles_the_wait_up_to_the_longest() -> None:
    assert [wait_s(attempts) for attempts in range(1, 10)] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert wait_s(10_000) == LONGEST_WAIT_S


def test_a_round_is_the_whole_route() -> None:
    waits = [
        Retry(100, lambda: 1.0).after(sending(attempts, "mobizonkz", ROUTE), DOWN, LATER)[1]
        for attempts in (3, 6, 9)
    ]
    assert waits == [2, 4, 8]


@given(attempts=st.integers(1, 100), chance=st.floats(0, 1))
def test_messages_that_failed_together_do_not_return_together(attempts: int, chance: float) -> None:
    whole = wait_s(attempts)
    assert whole / 2 <= wait_s(attempts, chance=chance) <= whole
    assert wait_s(attempts, chance=0.0) == whole / 2


@pytest.mark.parametrize("asked", [10.0, 3600.0])
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_it_never_waits_less_than_the_provider_asked_for(asked: float, chance: float) -> None:
    busy = Unavailable(kind=UnavailableKind.THROTTLED, retry_after_s=asked)
    assert wait_s(1, chance=chance, outcome=busy) == asked
    assert wait_s(1, outcome=replace(busy, retry_after_s=0.5)) == FIRST_WAIT_S


@pytest.mark.parametrize("kind", COUNTED)
def test_it_has_failed_when_it_was_tried_often_enough(kind: UnavailableKind) -> None:
    outcome = Unavailable(kind=kind, text="gone")
    retry = Retry(3, lambda: 1.0)
    assert retry.after(sending(2), outcome, LATER)[0].status == "queued"
    message, _ = retry.after(sending(3), outcome, LATER)
    assert message.status == "failed"
    assert message.failure is not None
    assert (message.failure.code, message.failure.text) == (kind, "gone")


@pytest.mark.parametrize("kind", NOT_COUNTED)
def test_the_providers_own_troubles_never_make_a_message_fail(kind: UnavailableKind) -> None:
    message, _ = Retry(3, lambda: 1.0).after(sending(1000), Unavailable(kind=kind), LATER)
    assert message.status == "queued"


@given(
    attempts=st.integers(1, 50),
    max_attempts=st.integers(1, 20),
    kind=st.sampled_from(UnavailableKind),
    route=st.sampled_from([ROUTE[:length] for length in range(4)]),
    at=st.integers(0, 2),
    asked=st.one_of(st.none(), st.floats(0, 7200)),
    chance=st.floats(0, 1),
)
def test_it_fails_for_one_reason_only_and_waits_within_bounds(  # noqa: PLR0913, PLR0917 - given
    attempts: int,
    max_attempts: int,
    kind: UnavailableKind,
    route: tuple[str, ...],
    at: int,
    asked: float | None,
    chance: float,
) -> None:
    provider = route[at % len(route)] if route else "smscru"
    outcome = Unavailable(kind=kind, retry_after_s=asked)
    before = sending(attempts, provider, route)
    message, seconds = Retry(max_attempts, lambda: chance).after(before, outcome, LATER)
    last = not route or provider == route[-1]
    enough = last and kind in COUNTED and attempts >= max_attempts
    assert (message.status == "failed") is enough
    assert message.attempts == (attempts if kind in COUNTED else attempts - 1)
    if enough:
        assert message.provider == provider
    elif last:
        assert message.provider == (route[0] if route else provider)
        assert FIRST_WAIT_S / 2 <= seconds <= max(LONGEST_WAIT_S, asked or 0.0)
        assert seconds >= (asked or 0.0)
    else:
        assert (message.provider, seconds) == (route[route.index(provider) + 1], 0.0)
