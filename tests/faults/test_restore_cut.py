"""A restore that dies, at whatever step: a whole database always has the name."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from adapters.persistence.backup import back_up
from adapters.persistence.migrate import migrate
from tests.integration.conftest import sqlite_target

OLD, NEW = "77010000001", "77010000002"
PATIENCE_S = 120
DIED = 99
STEPS = 200
"""Far more than there are: that many deaths say that it never ends well."""
MORTAL = f"""
import os, sys
left = int(sys.argv.pop(1))
folder = sys.argv.pop(1)
armed = False

def step(event, arguments):
    global left
    if not armed or event not in {{"os.rename", "os.link", "os.remove", "open", "sqlite3.connect"}}:
        return
    if folder in str(arguments[0]):
        left -= 1
        if left == 0:
            os._exit({DIED})

sys.addaudithook(step)
from entrypoints.cli.main import main
armed = True
main()
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The file of a gateway that was killed: the newest number is in its log only."""
    folder = tmp_path / "data"
    folder.mkdir()
    migrate(sqlite_target(folder))
    add(folder / "habar.db", NEW)
    back_up(folder / "habar.db", tmp_path / "backup.db")
    remove(folder / "habar.db", NEW)
    script = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA journal_mode=WAL')\n"
        "c.execute('INSERT INTO sms_blacklist (phone) VALUES (?)', (sys.argv[2],))\n"
        "os._exit(0)\n"
    )
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script, folder / "habar.db", OLD], check=True, timeout=PATIENCE_S
    )
    assert (folder / "habar.db-wal").stat().st_size > 0
    return folder / "habar.db"


def add(database: Path, phone: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO sms_blacklist (phone) VALUES (?)", (phone,))


def remove(database: Path, phone: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM sms_blacklist WHERE phone = ?", (phone,))


def phones(database: Path) -> set[str]:
    """Read them as the next process would, and look at every page."""
    assert database.exists(), "nothing has the name"
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {phone for (phone,) in connection.execute("SELECT phone FROM sms_blacklist")}


def restore(database: Path, step: int) -> int:
    """Run ``habar restore`` and have it die before its ``step``-th change of the folder."""
    folder = database.parent
    backup = folder.parent / "backup.db"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", MORTAL, str(step), str(folder), "restore", str(backup)],
        env={"PATH": os.defpath, "SMS_DUMMY": "true", "DATABASE_URL": f"sqlite:///{database}"},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode in {0, DIED}, done.stderr
    return done.returncode


def copied(database: Path, place: Path) -> Path:
    place.mkdir()
    for file in database.parent.glob("habar.db*"):
        (place / file.name).write_bytes(file.read_bytes())
    return place / database.name


def test_whenever_it_dies_a_whole_database_has_the_name(killed: Path, tmp_path: Path) -> None:
    seen: list[set[str]] = []
    for step in range(1, STEPS):
        database = copied(killed, tmp_path / f"step-{step}")
        code = restore(database, step)
        seen.append(found := phones(database))
        assert found in ({OLD}, {NEW}), f"neither the old one nor the new one, at step {step}"
        if found == {NEW}:
            (former,) = database.parent.glob("habar.db.*.old")
            assert phones(former) == {OLD}
        if code == 0:
            break
    assert (seen[0], seen[-1]) == ({OLD}, {NEW})
    assert len(seen) > 5, "it did not die where it matters"
    died = tmp_path / f"step-{seen.index({NEW})}" / killed.name
    assert restore(died, STEPS) == 0
    assert phones(died) == {NEW}, "what died cannot be done again"
