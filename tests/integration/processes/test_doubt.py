"""The provider takes a message and never says so: found by asking, told honestly, sent once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.processes import PROVIDERS, Client, Json, Program, provided, running_gateway, stored

TAKEN: list[Json] = [
    {"fault": "accept_then_hang"},
    {"fault": "accept_then_drop"},
    {"fault": "status", "http_status": 500, "accept": True},
    {"fault": "garbage", "accept": True},
]
FOUND = ("submitted", "delivered")
RETRY_AFTER_S = 2


@pytest.fixture(scope="module")
def lasting_gateway(
    folder: Path, simulator: Program, lasting_target: DatabaseTarget
) -> Iterator[Program]:
    timeouts = {f"{code.upper()}_TIMEOUT": "1" for code in PROVIDERS}
    settings = provided(simulator.url, **stored(lasting_target), **timeouts, LOOKUP_DELAYS="1,2")
    place = folder / f"doubt-{lasting_target.url.get_backend_name()}"
    with running_gateway(place, **settings, API_KEYS="") as gateway:
        yield gateway


def test_what_the_provider_took_without_a_word_is_found_by_asking(client: Client) -> None:
    with ThreadPoolExecutor(len(PROVIDERS)) as callers:
        list(callers.map(lambda code: _doubt_each(client, code), PROVIDERS))


def _doubt_each(client: Client, provider: str) -> None:
    texts = [f"{provider} {number}" for number in range(len(TAKEN))]
    for fault, text in zip(TAKEN, texts, strict=True):
        client.fault(provider=provider, contains=text, **fault)
    answers = [_post(client, provider, text) for text in texts]
    for answer, text in zip(answers, texts, strict=True):
        assert (answer["status"], answer["status_code"]) == (False, "unconfirmed"), text
        (row,) = answer["content"]["messages"]
        assert row["status"] == "unknown"
        message = client.wait_for(row["id"], *FOUND)
        assert message["attempts"] == 1
        happened = [line["event"] for line in message["history"]]
        assert (happened[0], happened[1]) == ("accepted", "unknown")
        sent = [message for message in client.sent(provider=provider) if message["text"] == text]
        assert len(sent) == 1, "exactly one leaves"
    assert _post(client, provider, "well again")["status"] is True


def test_what_the_provider_never_took_is_held_and_not_sent(client: Client) -> None:
    client.fault(fault="drop")
    ids = {code: _post(client, code, "Hi")["content"]["messages"][0]["id"] for code in PROVIDERS}
    for provider, message_id in ids.items():
        history: list[Json] = []
        while not history or history[-1]["event"] != "held":
            message = client.wait_for(message_id, "unknown")
            history = message["history"]
        assert [line["event"] for line in history].count("looked_up") == 2
        assert client.traffic(provider)["send"] == 1
    assert not client.sent()


def test_a_provider_that_is_too_busy_is_left_alone_for_as_long_as_it_asks(client: Client) -> None:
    with ThreadPoolExecutor(len(PROVIDERS)) as callers:
        list(callers.map(lambda code: _keep_busy(client, code), PROVIDERS))


def _keep_busy(client: Client, code: str) -> None:
    busy = {"fault": "status", "http_status": 429, "times": 1, "retry_after": RETRY_AFTER_S}
    client.fault(provider=code, **busy)
    answer = _post(client, code, "waiting")
    assert (answer["status"], answer["status_code"]) == (False, "provider_throttled")
    (row,) = client.queue(phones="77011234567", message="queued", provider=code)
    client.wait_for(row["id"], *FOUND)
    client.fault(provider=code, **busy)
    (row,) = client.queue(phones="77011234567", message="deferred", provider=code)
    message = client.wait_for(row["id"], *FOUND)
    happened = [line["event"] for line in message["history"]]
    assert happened == ["accepted", "deferred", "submitted"]
    assert [sent["text"] for sent in client.sent(provider=code)] == ["queued", "deferred"]
    assert client.traffic(code)["send"] == 4


def _post(client: Client, provider: str, text: str) -> Json:
    return client.post("/sms", phones="77011234567", message=text, provider=provider)
