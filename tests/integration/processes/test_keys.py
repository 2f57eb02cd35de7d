"""Keys, as an operator gives and takes them while Habar is serving."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.persistence.engines import DatabaseTarget
from tests.processes import HABAR, Program, running_gateway, stored

HELLO = {"phones": "77011234567", "message": "Hello, world!"}
PATIENCE_S = 60.0


class Operator:
    """A terminal, in which the settings are those of a gateway."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._settings = folder, settings

    def facing(self, url: str, **more: str) -> "Operator":
        return Operator(self._folder, {**self._settings, "HABAR_URL": url, **more})

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own words
            [HABAR, *arguments],
            env={"PATH": "", "DATA_DIR": str(self._folder / "data"), **self._settings},
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def told(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def settings(lasting_target: DatabaseTarget) -> dict[str, str]:
    return {"SMS_DUMMY": "true", **stored(lasting_target)}


@pytest.fixture(scope="module")
def operator(folder: Path, settings: dict[str, str]) -> Operator:
    return Operator(folder / f"terminal-{time.monotonic_ns()}", settings)


@pytest.fixture(scope="module")
def first(operator: Operator) -> Any:  # noqa: ANN401 - JSON
    """A key made before there was a database."""
    return operator.told("keys", "create", "shop", "--scope", "send", "--scope", "read")


@pytest.fixture(scope="module")
def gateway(
    folder: Path,
    settings: dict[str, str],
    first: Any,  # noqa: ANN401 - JSON
) -> Iterator[Program]:
    del first
    with running_gateway(folder / f"gateway-{time.monotonic_ns()}", **settings) as gateway:
        yield gateway


def send(gateway: Program, key: str | None) -> int:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{gateway.url}/sms", json=HELLO, headers=headers, timeout=60).status_code


def wait_refused(gateway: Program, key: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while send(gateway, key) != 401:
        assert time.monotonic() < deadline, "the key still opens"
        time.sleep(0.1)


def test_a_key_is_shown_once_and_opens(
    operator: Operator,
    gateway: Program,
    first: Any,  # noqa: ANN401 - JSON
) -> None:
    assert set(first) == {"id", "key", "prefix", "scopes"}
    assert first["scopes"] == ["send", "read"]
    assert first["key"].startswith(first["prefix"])
    assert send(gateway, first["key"]) == 200
    assert send(gateway, None) == 401
    listed = operator.run("keys", "list")
    assert first["id"] in listed.stdout
    assert first["prefix"] in listed.stdout
    assert first["key"] not in listed.stdout


def test_a_key_made_while_it_serves_opens_at_once(operator: Operator, gateway: Program) -> None:
    key = operator.told("keys", "create", "reader", "--scope", "read")["key"]
    assert send(gateway, key) == 403
    messages = httpx.get(f"{gateway.url}/messages", headers={"X-API-Key": key}, timeout=60)
    assert messages.json()["content"]["messages"] == []


def test_a_revoked_key_opens_nothing_soon(operator: Operator, gateway: Program) -> None:
    made = operator.told("keys", "create", "old", "--scope", "send")
    assert send(gateway, made["key"]) == 200
    revoked = operator.told("keys", "revoke", made["id"])
    assert (revoked["id"], revoked["state"]) == (made["id"], "revoked")
    wait_refused(gateway, made["key"])


def test_a_rotated_key_keeps_its_id_and_both_open_while_there_is_grace(
    operator: Operator, gateway: Program
) -> None:
    old = operator.told("keys", "create", "turning", "--scope", "send")
    new = operator.told("keys", "rotate", old["id"], "--grace", "1")
    assert new["id"] == old["id"]
    assert (send(gateway, new["key"]), send(gateway, old["key"])) == (200, 200)
    newest = operator.told("keys", "rotate", old["id"])
    wait_refused(gateway, new["key"])
    assert send(gateway, newest["key"]) == 200


def test_limits_are_kept_and_listed(operator: Operator, gateway: Program) -> None:
    limits = ("--expires", "90d", "--network", "10.0.0.0/8", "--network", "::1", "--rate", "2.5")
    made = operator.told("keys", "create", "far", "--scope", "admin", *limits)
    (row,) = [r for r in operator.told("keys", "list")["keys"] if r["id"] == made["id"]]
    assert (row["networks"], row["rate"]) == (["10.0.0.0/8", "::1/128"], 2.5)
    assert row["expires_at"] > row["created_at"]
    assert send(gateway, made["key"]) == 403


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "x"], 2, "--scope"),
        (["create", "x", "--scope", "everything"], 2, "everything"),
        (["create", "", "--scope", "send"], 1, "printable"),
        (["create", "x", "--scope", "send", "--expires", "soon"], 2, "90d"),
        (["create", "x", "--scope", "send", "--expires", "2027-01-31"], 2, "90d"),
        (["create", "x", "--scope", "send", "--expires", "2020-01-31T00:00:00Z"], 1, "expired"),
        (["create", "x", "--scope", "send", "--network", "10.0.0.0/33"], 2, "network"),
        (["create", "x", "--scope", "send", "--rate", "0"], 2, "rate"),
        (["revoke", "1"], 2, "hexadecimal"),
        (["revoke", "0193578a1c2b7d3e8f405a6b7c8d9e0f"], 1, "no API key"),
        (["rotate", "0193578a1c2b7d3e8f405a6b7c8d9e0f"], 1, "no API key"),
    ],
    ids=repr,
)
def test_what_cannot_be_is_said_in_words(
    operator: Operator, arguments: list[str], code: int, words: str
) -> None:
    done = operator.run("keys", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_who_runs_the_gateway_reads_a_story_without_a_key(
    operator: Operator,
    gateway: Program,
    first: Any,  # noqa: ANN401 - JSON
) -> None:
    headers = {"X-API-Key": first["key"], "Prefer": "return=representation"}
    sent = httpx.post(f"{gateway.url}/sms", json=HELLO, headers=headers, timeout=60).json()
    (row,) = sent["content"]["messages"]
    here = operator.facing(gateway.url)
    assert here.told("messages", "show", row["id"])["content"]["asked_by"] == "shop"
    assert "asked for by shop" in here.run("messages", "show", row["id"]).stdout
    missing = here.run("messages", "show", "01a2084c-4a67-71f9-bce1-b10afb6ab48c")
    assert (missing.returncode, "no such message" in missing.stderr) == (1, True)
    stranger = operator.facing(gateway.url, HABAR_API_KEY="hbr_nobody")
    assert stranger.run("messages", "show", row["id"]).returncode == 77
