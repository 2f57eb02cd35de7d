"""Three processes count, each for itself: together they have counted what the providers saw."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.delivery import waited
from tests.integration.conftest import migrated_target
from tests.postgres import PostgresServer
from tests.processes import Client, Program, provided, running_gateway, stored

PROCESSES = 3
EACH = 10
LONG = "я" * 100
"""Two segments."""
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def gateways(
    folder: Path, simulator: Program, postgres_server: PostgresServer
) -> Iterator[list[Program]]:
    wanted = provided(
        simulator.url,
        **stored(migrated_target(postgres_server)),
        RECEIPT_POLL_INTERVAL="1",
        API_KEYS="",
    )
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_gateway(folder / f"process-{number}", **wanted))
            for number in range(PROCESSES)
        ]


def samples(gateway: Program) -> dict[tuple[str, str], float]:
    answer = httpx.get(f"{gateway.url}/metrics", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return {(name, labels): float(value) for name, labels, value in _SAMPLE.findall(answer.text)}


def total(gateways: list[Program], name: str, *labels: str) -> float:
    """Add a metric up: over all processes, and all series that have these labels."""
    return sum(
        value
        for gateway in gateways
        for (found, having), value in samples(gateway).items()
        if found == name and all(label in having for label in labels)
    )


def _is_total(gateways: list[Program], wanted: float, name: str, *labels: str) -> bool:
    return total(gateways, name, *labels) == wanted


def test_totals_add_up_to_what_the_providers_saw(
    gateways: list[Program], simulator: Program, provider: Client
) -> None:
    provider.state(provider="smscru", status="1")
    provider.fault(provider="smscru", fault="status", http_status=429, retry_after=1, times=2)
    with ExitStack() as stack:
        callers = [stack.enter_context(Client(gateway, simulator)) for gateway in gateways]
        ids: list[str] = []
        for number, caller in enumerate(callers):
            phones = [f"770{number}{n:07d}" for n in range(EACH)]
            for code in ("smscru", "twilio"):
                rows = caller.queue(phones=phones, message=LONG, provider=code)
                ids += [row["id"] for row in rows]
        for message_id in ids:
            callers[0].wait_for(message_id, "submitted", "delivered", timeout_s=60)
    sent = Counter(message["provider"] for message in provider.sent())
    assert sent == {"smscru": PROCESSES * EACH, "twilio": PROCESSES * EACH}
    for code, number in sent.items():
        label = f'provider="{code}"'
        submitted = ("habar_messages_total", label, 'status="submitted"', 'channel="sms"')
        # What is on disk is counted a moment later.
        waited(partial(_is_total, gateways, number, *submitted))
        assert total(gateways, "habar_segments_total", label) == 2 * number
        asked = total(gateways, "habar_submit_seconds_count", label)
        assert asked == provider.traffic(code)["send"]
    assert total(gateways, "habar_retries_total", 'reason="provider_throttled"') == 2


def test_what_waits_is_the_same_in_every_process(
    gateways: list[Program], simulator: Program
) -> None:
    with Client(gateways[0], simulator) as client:
        client.queue(phones="77011234567", message="Hi", provider="twilio", delay=3600)
    shown = [samples(gateway) for gateway in gateways]
    waiting = [
        {key: value for key, value in found.items() if key[0] == "habar_queue_messages"}
        for found in shown
    ]
    assert waiting[0]
    assert waiting[0] == waiting[1] == waiting[2]
    assert set(waiting[0].values()) == {0.0}, "what is scheduled does not wait yet"
    tables = [key for key in shown[0] if key[0] == "habar_dead_tuples"]
    assert len(tables) > 5


def test_what_money_is_left_is_known_soon(gateways: list[Program]) -> None:
    deadline = time.monotonic() + 60
    twilio = ("habar_provider_balance", 'currency="USD",provider="twilio"')
    while (shown := [samples(gateway).get(twilio) for gateway in gateways]) != [42.17] * PROCESSES:
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)
