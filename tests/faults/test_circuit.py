"""A provider in trouble is left alone, over a restart too, and tried by one message alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.faults.records import Records
from tests.processes import Client, Json, Program, provided, running_gateway, stored

TEMPORARY = 99
"""A refusal of smsc.ru's that is in no table: another day it would take the message."""
ENOUGH = 10
"""So many failures open a circuit, or a few more, as nobody waits for that to be written."""
SAMPLE = 20
CALLERS = 8


@pytest.fixture
def settings(simulator: Program, target: DatabaseTarget, provider: Client) -> dict[str, str]:
    provider.forget()
    return provided(simulator.url, **stored(target), FALLBACK_PROVIDERS="twilio")


def test_an_open_circuit_is_remembered_and_tried_by_one_message_alone(
    place: Path,
    simulator: Program,
    settings: dict[str, str],
    target: DatabaseTarget,
    provider: Client,
) -> None:
    records = Records(target)
    with running_gateway(place, **settings) as gateway, Client(gateway, simulator) as client:
        client.fault(fault="refuse", provider="smscru", code=TEMPORARY)
        while not records.circuit_open("smscru"):
            assert _post(client)["content"]["messages"][0]["provider"] == "twilio"
        assert ENOUGH <= client.traffic("smscru")["send"] <= SAMPLE
        records.retry_in("smscru", timedelta(hours=1))  # however slow this machine is
        gateway.kill()
    tried = provider.traffic("smscru")["send"]
    with running_gateway(place, **settings) as gateway, Client(gateway, simulator) as client:
        for _ in range(ENOUGH):
            _post(client)
        assert client.traffic("smscru")["send"] == tried, "the restart made it forget"
        client.forget_faults()
        client.latency(1)
        records.retry_in("smscru", timedelta(0))
        _learn(client)
        assert _by_provider(client).count("smscru") == 1
        client.latency(0)
        _learn(client)
        assert not records.circuit_open("smscru")
        assert _by_provider(client) == ["smscru"] * CALLERS


def _learn(client: Client) -> None:
    """Wait until a process has looked at the state of the circuits once more."""
    (row,) = client.queue(phones="77019999999", message="Hi", delay=2.5, provider="mobizonkz")
    client.wait_for(row["id"], "submitted")


def _by_provider(client: Client) -> list[str]:
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda _: _post(client), range(CALLERS)))
    return sorted(answer["content"]["messages"][0]["provider"] for answer in answers)


def _post(client: Client) -> Json:
    answer = client.post("/sms", phones="77011234567", message="Hi")
    assert answer["status"] is True, answer
    return answer
