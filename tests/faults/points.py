"""What must be true after a process died at a named point of a message's way.

Subclassed once for each database; never run alone.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.records import Records
from tests.processes import Client, Json, Program, gateway, provided, running_gateway, stored

KILLED = 137
PHONE = "77011234567"
DELAYS_S = (1, 2)
END_S = 90.0
"""A lease of a second for the provider and the margin, the look-ups, and a slow machine."""


@dataclass(frozen=True, slots=True)
class Case:
    """A point to die at, and what is then true.

    Attributes:
        background: nobody waits for the message.
        sent: the provider has had it.
    """

    point: str
    background: bool
    sent: bool

    def __str__(self) -> str:
        """Name the case in the name of a test."""
        return f"{self.point}-{'queued' if self.background else 'waiting'}"


CASES = [
    Case("after_accept", background=False, sent=False),
    Case("after_claim", background=True, sent=False),
    Case("after_submit", background=False, sent=True),
    Case("after_submit", background=True, sent=True),
    Case("after_settle", background=False, sent=True),
    Case("after_settle", background=True, sent=True),
]


class Points:
    """Whoever died, and wherever: looked up, and not sent again."""

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_what_was_under_way_is_looked_up_and_not_sent_again(
        self, place: Path, simulator: Program, target: DatabaseTarget, provider: Client, case: Case
    ) -> None:
        wanted, records = _settings(simulator, target), Records(target)
        _die(place, wanted, case)
        settled = case.point == "after_settle"
        assert records.statuses() == {PHONE: "submitted" if settled else "sending"}
        assert len(provider.sent()) == case.sent
        message = _reborn(place, wanted, records)
        assert len(provider.sent()) == case.sent, "sent behind everybody's back"
        happened = [line["event"] for line in message["history"]]
        assert message["attempts"] == 1
        if settled:
            assert (message["status"], happened) == ("submitted", ["accepted", "submitted"])
        elif case.sent:
            assert message["status"] == "delivered"
            assert happened == ["accepted", "unknown", "delivered"]
        else:
            assert message["status"] == "unknown"
            assert happened == ["accepted", "unknown", *_looked_up(provider), "held"]


class Resends:
    """Whoever died, and wherever, of a message that may be sent again."""

    @pytest.mark.parametrize("case", [case for case in CASES if not case.sent], ids=str)
    def test_asked_to_send_again_it_does_so_once_after_every_look_up(
        self, place: Path, simulator: Program, target: DatabaseTarget, provider: Client, case: Case
    ) -> None:
        wanted, records = _settings(simulator, target), Records(target)
        _die(place, wanted, case, on_unknown="resend")
        message = _reborn(place, wanted, records)
        (sent,) = provider.sent()
        at = {line["event"]: datetime.fromisoformat(line["at"]) for line in message["history"]}
        happened = [line["event"] for line in message["history"]]
        assert (message["status"], message["attempts"]) == ("submitted", 2)
        assert happened == ["accepted", "unknown", *_looked_up(provider), "resent", "submitted"]
        waited = datetime.fromisoformat(sent["sent_at"]) - at["unknown"]
        # The first look-up may be at once: whoever died has been dead for a while.
        assert waited.total_seconds() > DELAYS_S[-1] - DELAYS_S[0] - 0.1

    @pytest.mark.parametrize("found", [True, False], ids=["found", "not-found"])
    def test_asked_to_send_again_it_does_not_where_the_provider_has_it(
        self,
        place: Path,
        simulator: Program,
        target: DatabaseTarget,
        provider: Client,
        *,
        found: bool,
    ) -> None:
        wanted, records = _settings(simulator, target), Records(target)
        if not found:
            provider.state(provider="smscru", missing_for=100)
        case = Case("after_submit", background=True, sent=True)
        _die(place, wanted, case, on_unknown="resend")
        message = _reborn(place, wanted, records)
        assert len(provider.sent()) == (1 if found else 2), "once more, and only then"
        assert message["status"] == ("delivered" if found else "submitted")


def _looked_up(provider: Client) -> list[str]:
    """Return what the history must say of the provider's look-ups, which are as many as settled."""
    lookups = provider.traffic("smscru")["lookup"]
    # One more where the process was back so early that the last of them came before its time.
    assert len(DELAYS_S) <= lookups <= len(DELAYS_S) + 1
    return ["looked_up"] * lookups


def _settings(simulator: Program, target: DatabaseTarget) -> dict[str, str]:
    delays = ",".join(map(str, DELAYS_S))
    return provided(simulator.url, **stored(target), SMSCRU_TIMEOUT="1", LOOKUP_DELAYS=delays)


def _die(place: Path, wanted: dict[str, str], case: Case, **body: object) -> None:
    """Have a process die of one message."""
    dying = gateway(place, **wanted, HABAR_FAILPOINT=case.point)
    prefer = {"Prefer": "respond-async"} if case.background else {}
    try:
        with Client(dying, dying) as client:
            try:
                client.send("/sms", prefer, phones=PHONE, message="Hi", **body)
            except httpx.TransportError:
                pass
            else:
                assert case.background, "a caller who waits hears nothing"
            assert dying.wait() == KILLED, dying.output
    finally:
        dying.kill()


def _reborn(place: Path, wanted: dict[str, str], records: Records) -> Json:
    """Start again, and wait until the one message is settled."""
    (row,) = records.messages()
    with running_gateway(place, **wanted) as reborn, Client(reborn, reborn) as client:
        deadline = time.monotonic() + END_S
        while records.open():
            assert time.monotonic() < deadline, records.events(row.id)
            time.sleep(0.1)
        return client.message(str(row.id))
