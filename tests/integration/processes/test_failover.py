"""The first provider is down: the next one is used, where that is safe and wished for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.processes import Client, Json, Program, provided, running_gateway, stored

TEMPORARY = 99
"""A refusal of smsc.ru's that is in no table: another day it would take the message."""
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def lasting_gateway(
    folder: Path, simulator: Program, lasting_target: DatabaseTarget
) -> Iterator[Program]:
    settings = provided(simulator.url, **stored(lasting_target), FALLBACK_PROVIDERS="twilio")
    place = folder / f"failover-{lasting_target.url.get_backend_name()}"
    down = {"EPOCHTASMSRU_BASE_URL": NOBODY, "API_KEYS": ""}
    with running_gateway(place, **{**settings, **down}) as gateway:
        yield gateway


def test_nobody_listens_at_the_first_provider(client: Client) -> None:
    down = {"message": "Hi", "provider": "epochtasmsru"}
    waiting = client.post("/sms", phones="77011234567", **down)["content"]["messages"][0]
    (queued,) = client.queue(phones="77011234568", **down)
    for row in (waiting, queued):
        message = client.wait_for(row["id"], "submitted")
        assert (message["provider"], message["attempts"]) == ("twilio", 2)
        asked = [(line["event"], line["provider"]) for line in message["history"]]
        assert asked[0] == ("accepted", None)
        assert asked[1][1] == "epochtasmsru"
        assert asked[-1] == ("submitted", "twilio")
    assert [sent["provider"] for sent in client.sent()] == ["twilio", "twilio"]


def test_a_documented_refusal_goes_on_and_a_lost_answer_does_not(client: Client) -> None:
    client.fault(fault="refuse", provider="smscru", code=TEMPORARY, times=1)
    assert _post(client)["content"]["messages"][0]["provider"] == "twilio"
    client.fault(fault="accept_then_drop", provider="smscru", times=1)
    answer = client.post("/sms", phones="77011234567", message="Hi")
    assert answer["status_code"] == "unconfirmed"
    assert answer["content"]["messages"][0]["provider"] == "smscru"
    assert [sent["provider"] for sent in client.sent()] == ["twilio", "smscru"]


def test_a_request_that_wants_no_other_provider_gets_none(client: Client) -> None:
    client.fault(fault="refuse", provider="smscru", code=TEMPORARY, times=1)
    answer = client.post("/sms", phones="77011234567", message="Hi", fallback=[])
    assert (answer["status"], answer["status_code"]) == (False, "provider_unavailable")
    assert not client.sent()


def _post(client: Client) -> Json:
    answer = client.post("/sms", phones="77011234567", message="Hi")
    assert answer["status"] is True, answer
    return answer
