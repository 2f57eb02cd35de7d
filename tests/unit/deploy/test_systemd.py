"""deploy/habar.service."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from entrypoints.cli.main import CONFIGURATION, habar
from entrypoints.settings import Settings
from tests.unit.deploy.files import DEPLOY, unknown

UNIT = (DEPLOY / "habar.service").read_text(encoding="utf-8")
SETTINGS = dict(re.findall(r"^([A-Za-z]+)=(.*)$", UNIT, re.MULTILINE))
DEFAULT_SHUTDOWN_S = Settings().shutdown_timeout
STARTED = "/opt/habar/.venv/bin/habar serve"


def test_systemd_understands_it(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / "habar.service"
    copy.write_text(UNIT.replace(STARTED, "/bin/true"), encoding="utf-8")
    checked = subprocess.run(  # noqa: S603 - our own words
        [program, "verify", copy], check=False, capture_output=True, text=True
    )
    ours = [line for line in checked.stderr.splitlines() if "habar" in line]
    assert ours == []


def test_it_starts_a_command_that_exists_with_settings_that_exist() -> None:
    assert SETTINGS["ExecStart"] == STARTED
    assert STARTED.rsplit(maxsplit=1)[-1] in habar.commands
    assert unknown(pair.split("=")[0] for pair in SETTINGS["Environment"].split()) == set()


def test_there_is_time_to_stop() -> None:
    assert int(SETTINGS["TimeoutStopSec"].removesuffix("s")) > DEFAULT_SHUTDOWN_S


def test_settings_that_cannot_work_are_not_tried_again() -> None:
    assert SETTINGS["RestartPreventExitStatus"] == str(CONFIGURATION)


def test_it_may_do_as_little_as_possible() -> None:
    assert SETTINGS["User"] == "habar"
    assert SETTINGS["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert SETTINGS[name] == "true"
    assert SETTINGS["ProtectSystem"] == "strict"
    assert SETTINGS["UMask"] == "0077"
