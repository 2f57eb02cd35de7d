"""How long a message takes from the caller to the provider, while others wait."""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.processes import Client


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(client: Client, count: int, *, pause_s: float = 0.1, **body: object) -> list[float]:
    """Send messages one after the other, every other one in the background; seconds for each.

    From the request to the provider's stand-in, by the clock that both share.
    """
    took: list[float] = []
    for number in range(count):
        phone = f"7777{number:07d}"
        started = datetime.now(UTC)
        if number % 2:
            client.queue(phones=phone, message="Code 4821", **body)
        else:
            assert client.post("/sms", phones=phone, message="Code 4821", **body)["status"] is True
        took.append(_seen(client, phone, started))
        time.sleep(pause_s)
    return took


def line(name: str, took: Sequence[float]) -> str:
    """Write the latencies as one line of JSON, in milliseconds."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    told: dict[str, float] = {k: round(percentile(took, v) * 1000, 1) for k, v in shares.items()}
    return json.dumps({name: {**told, "max": round(max(took) * 1000, 1), "count": len(took)}})


def _seen(client: Client, phone: str, started: datetime, patience_s: float = 60) -> float:
    deadline = time.monotonic() + patience_s
    while not (sent := client.sent(provider="twilio", phone=phone)):
        assert time.monotonic() < deadline, f"not sent: {phone}"
        time.sleep(0.005)
    return (datetime.fromisoformat(sent[0]["sent_at"]) - started).total_seconds()
