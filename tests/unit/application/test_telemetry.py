"""What happens on a message's way is told, each thing where it passes."""

import pytest

from application import pump
from application.ports.telemetry import SILENT
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome, Unavailable, UnavailableKind, Unconfirmed
from tests.fakes.telemetry import HeardTelemetry
from tests.unit.application.gateway import OTHER, PHONE, Gateway, until

DOWN = Unavailable(kind=UnavailableKind.NETWORK, text="no connection")


def down(_: Message) -> SubmitOutcome:
    return DOWN


async def test_every_submission_is_told_with_its_time() -> None:
    def slow(_: Message) -> SubmitOutcome:
        gateway.clock.advance(0.25)
        return Accepted("1")

    gateway = Gateway(slow)
    await gateway.send(PHONE)
    assert gateway.telemetry.of("submitted") == [("smscru", Accepted("1"), 0.25)]


async def test_a_submission_nobody_knows_the_end_of_is_told_too() -> None:
    unknown = Unconfirmed("no answer")
    gateway = Gateway(lambda _: unknown)
    await gateway.send(PHONE, OTHER)
    assert gateway.telemetry.of("submitted") == [("smscru", unknown, 0.0)] * 2


async def test_the_way_to_the_next_provider_is_a_retry() -> None:
    gateway = Gateway(down, spares={"twilio": lambda _: Accepted("1")}, fallback=("twilio",))
    await gateway.send(PHONE)
    assert gateway.telemetry.of("retried") == [("smscru", UnavailableKind.NETWORK)]
    assert [told[0] for told in gateway.telemetry.of("submitted")] == ["smscru", "twilio"]  # type: ignore[index]  # what was heard is of any shape


async def test_the_last_refusal_of_one_who_waits_is_no_retry() -> None:
    gateway = Gateway(down)
    await gateway.send(PHONE)
    assert gateway.telemetry.of("retried") == []


async def test_a_message_that_goes_back_to_the_queue_is_a_retry_and_one_that_fails_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump, "POLL_S", 0.001)
    once, twice = Gateway(down, max_attempts=1), Gateway(down, max_attempts=2)
    for gateway, last in ((once, "failed"), (twice, "deferred")):
        await gateway.queue(PHONE)
        async with gateway.pumping():
            await until(lambda g=gateway, e=last: g.history(PHONE)[-1] == e)  # type: ignore[misc]  # mypy knows no defaults of lambdas
    assert once.telemetry.of("retried") == []
    assert twice.telemetry.of("retried") == [("smscru", UnavailableKind.NETWORK)]


def test_what_is_silent_hears_everything_a_listener_hears() -> None:
    told = {name for name in vars(HeardTelemetry) if not name.startswith("_")} - {"of"}
    assert all(callable(getattr(SILENT, name)) for name in told)
