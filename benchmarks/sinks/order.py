"""How a sink is to behave."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What ``sink.py`` was asked for.

    Attributes:
        latency_ms: how long each answer takes.
        fail_rate: share of answers that are 503; the Python engine's only.
        max_seconds: it ends by itself after this.
        until_stdin_closes: it ends when its parent does.
    """

    port: int
    latency_ms: float
    fail_rate: float
    max_seconds: float
    until_stdin_closes: bool


def say_ready(order: Order, engine: str, pid: int) -> None:
    """Print the one line that says that it answers."""
    line = {
        "ready": True,
        "port": order.port,
        "pid": pid,
        "engine": engine,
        "latency_ms": order.latency_ms,
        "fail_rate": order.fail_rate,
    }
    print(json.dumps(line), flush=True)
