"""What happens to a message that waits: its recipient opts out, its caller calls it back."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.processes import Client, Program, provided, running_gateway, stored

MESSAGES = 120
DELAY_S = 2.0
CONFLICT = 409


@pytest.fixture(scope="module")
def lasting_gateway(
    folder: Path, simulator: Program, lasting_target: DatabaseTarget
) -> Iterator[Program]:
    settings = provided(simulator.url, **stored(lasting_target), SMS_PROVIDER="twilio", API_KEYS="")
    place = folder / f"queue-{lasting_target.url.get_backend_name()}"
    with running_gateway(place, **settings) as gateway:
        yield gateway


def test_who_opts_out_while_the_message_waits_hears_nothing(client: Client) -> None:
    phones = ["77011234567", "77011234568"]
    first, second = client.queue(phones=phones, message="Hi", delay=DELAY_S)
    (forced,) = client.queue(phones=phones[0], message="Hi!", delay=DELAY_S, force=True)
    client.post("/blacklist", phone=phones[0])
    blocked = client.wait_for(first["id"], "blocked")
    assert [line["event"] for line in blocked["history"]] == ["accepted", "blocked"]
    assert blocked["attempts"] == 0
    client.wait_for(second["id"], "submitted")
    client.wait_for(forced["id"], "submitted")
    sent = sorted((message["recipient"], message["text"]) for message in client.sent())
    assert sent == [(phones[0], "Hi!"), (phones[1], "Hi")]


def test_what_is_called_back_is_not_sent_and_what_is_sent_is_not_called_back(
    client: Client,
) -> None:
    chance = random.Random(4821)  # noqa: S311 - no secret
    phones = [f"7701{number:07d}" for number in range(MESSAGES)]
    started = time.monotonic()
    rows = client.queue(phones=phones, message="Hi", delay=DELAY_S)
    due = started + DELAY_S

    def cancel_about_then(message_id: str, moment: float) -> int:
        time.sleep(max(0.0, moment - time.monotonic()))
        return client.cancel(message_id)

    with ThreadPoolExecutor(40) as callers:
        moments = sorted(due + chance.uniform(-1.0, 0.5) for _ in rows)
        answers = dict(
            zip(
                phones,
                callers.map(cancel_about_then, [str(row["id"]) for row in rows], moments),
                strict=True,
            )
        )
    ended = {row["phone"]: client.wait_for(row["id"], "submitted", "canceled") for row in rows}
    sent = [message["recipient"] for message in client.sent()]
    called_back = {phone for phone, status in answers.items() if status == 200}
    assert set(answers.values()) == {200, CONFLICT}, "the two did not race"
    assert len(sent) == len(set(sent))
    assert set(sent) == set(phones) - called_back
    assert {p for p, message in ended.items() if message["status"] == "canceled"} == called_back
