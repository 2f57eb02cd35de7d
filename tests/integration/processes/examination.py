"""The doctor, asked as its users ask it."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from entrypoints.cli.doctor import doctor
from tests.processes import ACCOUNTS

DUMMY = {"SMS_DUMMY": "true"}
SECRETS = ("s3cret-p4ss", ACCOUNTS["TWILIO_TOKEN"], ACCOUNTS["MOBIZONKZ_API_KEY"], "15005550006")
Findings = list[dict[str, str]]


def examined(place: Path, *options: str, **settings: str) -> tuple[int, Findings]:
    """Ask the doctor; its exit code and what it found."""
    environment: dict[str, Any] = {"DATA_DIR": str(place / "data"), **settings}
    result = CliRunner().invoke(doctor, ["--json", *options], env=environment)
    assert "Traceback" not in result.output
    assert not any(secret in result.output for secret in SECRETS), result.output
    answer = json.loads(result.output)
    assert answer["status"] is (result.exit_code == 0)
    findings: Findings = answer["findings"]
    assert all(f["fix"].endswith(".") or f["level"] == "ok" for f in findings)
    return result.exit_code, findings


def wrong(place: Path, *options: str, **settings: str) -> str:
    """Examine a broken deployment; return all it is told, which must be a problem."""
    code, findings = examined(place, *options, **settings)
    assert code == 1, findings
    return told(findings, "problem")


def told(findings: Findings, level: str) -> str:
    """Return what was found of a level, a line each."""
    found = [f for f in findings if f["level"] == level]
    return "\n".join(f"{f['check']}: {f['text']} {f['fix']}" for f in found)
