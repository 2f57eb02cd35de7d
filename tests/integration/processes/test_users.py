"""``habar users``, as people run it."""

import json
import subprocess
from pathlib import Path

from tests.processes import HABAR

GOOD = "four plain words together"


def run(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own words
        [HABAR, "users", *arguments],
        env={"DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_users_are_made_listed_changed_and_removed(tmp_path: Path) -> None:
    made = run(tmp_path, "create", "Aigerim", "--role", "operator", "--password-stdin", typed=GOOD)
    assert (made.returncode, made.stdout) == (0, "aigerim may sign in as operator.\n")
    assert run(tmp_path, "role", "aigerim", "viewer").returncode == 0
    assert run(tmp_path, "password", "aigerim", "--password-stdin", typed=GOOD).returncode == 0
    (listed,) = json.loads(run(tmp_path, "list", "--json").stdout)["users"]
    assert (listed["name"], listed["role"]) == ("aigerim", "viewer")
    assert "aigerim" in run(tmp_path, "list").stdout
    assert run(tmp_path, "remove", "aigerim").returncode == 0
    assert json.loads(run(tmp_path, "list", "--json").stdout) == {"users": []}


def test_what_cannot_be_is_a_no_that_says_why(tmp_path: Path) -> None:
    short = run(tmp_path, "create", "aigerim", "--password-stdin", typed="short")
    assert short.returncode == 1
    assert "12 to 1024 characters" in short.stderr
    assert "short" not in short.stderr.replace("too short", "")
    name = run(tmp_path, "create", "a b", "--password-stdin", typed=GOOD)
    assert name.returncode == 1
    assert "small letters" in name.stderr
    gone = run(tmp_path, "remove", "nobody")
    assert gone.returncode == 1
    assert "no user of this name" in gone.stderr
    assert GOOD not in name.stdout + name.stderr
