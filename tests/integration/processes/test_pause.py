"""A provider that is paused is paused in every process, and after a restart."""

import time
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import postgres_target
from tests.processes import Program, running_gateway, stored

PATIENCE_S = 60


def verdict(gateway: Program) -> str | None:
    """Send a message; return why it was not taken."""
    body = {"phones": "77011234567", "message": "Hi"}
    answer = httpx.post(f"{gateway.url}/sms", json=body, timeout=PATIENCE_S).json()
    code: str | None = answer.get("status_code")
    return code


def wait_for(gateway: Program, wanted: str | None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (told := verdict(gateway)) != wanted:
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def state(gateway: Program) -> str:
    rows = httpx.get(f"{gateway.url}/providers", timeout=PATIENCE_S).json()["content"]["providers"]
    (found,) = [str(row["state"]) for row in rows if row["code"] == "dummy"]
    return found


def test_every_process_keeps_to_a_pause_also_one_that_starts_later(
    place: Path, request: pytest.FixtureRequest
) -> None:
    settings = {
        **stored(postgres_target(request.getfixturevalue("postgres_server"))),
        "SMS_DUMMY": "true",
    }
    with (
        running_gateway(place / "one", **settings) as one,
        running_gateway(place / "two", **settings) as two,
    ):
        assert (verdict(one), verdict(two)) == (None, None)
        httpx.post(f"{one.url}/providers/dummy/pause", timeout=PATIENCE_S).raise_for_status()
        assert verdict(one) == "provider_unavailable"
        wait_for(two, "provider_unavailable")
        assert (state(one), state(two)) == ("paused", "paused")
        with running_gateway(place / "three", **settings) as three:
            assert verdict(three) == "provider_unavailable"
            httpx.post(f"{three.url}/providers/dummy/resume", timeout=PATIENCE_S).raise_for_status()
            assert verdict(three) is None
        wait_for(one, None)
        wait_for(two, None)
