"""``habar audit`` as its users run it, beside a gateway that serves."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import HABAR, Program, running_gateway

PHONE = "77011234567"


def habar(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(folder / "data"), "SMS_DUMMY": "true"}
    return subprocess.run(  # noqa: S603 - our own words
        [HABAR, *arguments],
        env=settings,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def entries(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = habar(folder, "audit", "--json", *options)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["entries"]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a gateway serves, a key was made, and the key was used to change the blacklist."""
    folder = tmp_path_factory.mktemp("habar")
    with running_gateway(folder, SMS_DUMMY="true") as gateway:
        made = habar(folder, "keys", "create", "office", "--scope", "blacklist", "--json")
        assert made.returncode == 0, made.stderr
        change(gateway, json.loads(made.stdout)["key"])
        yield folder


def change(gateway: Program, key: str) -> None:
    """Change something, as soon as the gateway knows the key."""
    transport = httpx.HTTPTransport(retries=1)
    with httpx.Client(base_url=gateway.url, transport=transport, timeout=30) as client:
        answer = client.post("/blacklist", json={"phone": PHONE}, headers={"X-API-Key": key})
        assert answer.status_code == 200, answer.text


def test_the_log_says_who_did_what_the_latest_first(folder: Path) -> None:
    added, created = entries(folder)
    assert (added["action"], added["subject"]) == ("blacklist.added", PHONE)
    assert (added["actor"], added["address"]) == ("office", "127.0.0.1")
    assert (created["action"], created["subject"]) == ("key.created", added["account"])
    assert created["detail"] == "office; may blacklist"
    assert (created["account"], created["address"]) == (None, None)


def test_the_log_is_searched(folder: Path) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert [entry["subject"] for entry in entries(folder, "--actor", "office")] == [PHONE]
    assert len(entries(folder, "--action", "key.created", "--since", "1h")) == 1
    assert len(entries(folder, "--limit", "1")) == 1
    assert entries(folder, "--since", later) == []


def test_people_see_a_table(folder: Path) -> None:
    done = habar(folder, "audit")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert "office" in lines[1]
    assert PHONE in lines[1]
    assert "key.created" in lines[2]


@pytest.mark.parametrize(
    "options",
    [
        ("--since", "yesterday"),
        ("--since", "2026-11-23T06:34:43"),
        ("--since", "9999999d"),
        ("--action", "none"),
        ("--limit", "0"),
    ],
)
def test_options_that_cannot_be_are_told(folder: Path, options: tuple[str, ...]) -> None:
    done = habar(folder, "audit", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
