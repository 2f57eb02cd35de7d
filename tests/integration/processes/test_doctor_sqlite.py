"""What can be wrong with a SQLite file, made wrong for real."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.persistence.backup import back_up
from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import migrate
from entrypoints.doctor.folders import file_system_of
from tests.integration.conftest import sqlite_target
from tests.integration.processes.examination import DUMMY, examined, told, wrong
from tests.processes import stored

NOBODY = 65534
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory is what is wanted
in_memory = pytest.mark.skipif(
    not MEMORY.is_dir() or file_system_of(MEMORY) != "tmpfs", reason="no /dev/shm in memory"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a ``.env``."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def target(place: Path) -> DatabaseTarget:
    target = sqlite_target(place)
    migrate(target)
    return target


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that a restart empties."""
    with TemporaryDirectory(dir=MEMORY, prefix="habar-") as folder:
        yield Path(folder)


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder everybody may work in, unlike those above it that pytest makes."""
    with TemporaryDirectory(prefix="habar-") as folder:
        Path(folder).chmod(0o777)
        monkeypatch.chdir(folder)
        yield Path(folder)


def test_a_database_of_a_newer_version_is_told(place: Path, target: DatabaseTarget) -> None:
    with closing(sqlite3.connect(place / "habar.db")) as connection, connection:
        connection.execute("UPDATE sms_alembic_version SET version_num = '9999'")
    said = wrong(place, "--offline", **DUMMY, **stored(target))
    assert "migrations: revision 9999" in said


def test_a_backup_that_was_only_copied_into_place_is_told(
    place: Path, target: DatabaseTarget
) -> None:
    back_up(place / "habar.db", place / "copy.db")
    settings = {**DUMMY, "DATABASE_URL": f"sqlite:///{place}/copy.db"}
    said = wrong(place, "--offline", **settings)
    assert "database: this is a backup" in said
    assert "habar hold" in said
    assert "habar restore" in said
    assert "this is a backup" not in str(examined(place, "--offline", **DUMMY, **stored(target)))


@in_memory
def test_a_database_in_memory_is_told(place: Path, memory: Path) -> None:
    for there in (memory, memory / "not" / "made" / "yet"):
        _, findings = examined(place, "--offline", **DUMMY, DATA_DIR=str(there))
        assert "durability: " in told(findings, "warning")
        assert "tmpfs" in told(findings, "warning")


@in_memory
def test_a_link_hides_no_file_system(place: Path, memory: Path) -> None:
    migrate(sqlite_target(memory))
    (place / "data").mkdir()
    (place / "data" / "habar.db").symlink_to(memory / "habar.db")
    _, findings = examined(place, "--offline", **DUMMY)
    assert "tmpfs" in told(findings, "warning")
    assert "revision" in told(findings, "ok")


@in_memory
def test_the_disk_of_the_database_is_looked_at(place: Path, memory: Path) -> None:
    settings = {**DUMMY, **stored(sqlite_target(memory))}
    _, findings = examined(place, "--offline", **settings)
    disks = [f["text"] for f in findings if f["check"] == "disk"]
    assert any(str(memory) in text for text in disks)
    assert any(str(place / "data") in text for text in disks)


@pytest.mark.parametrize("name", ["habar.db", "habar.db-wal", "habar.db-shm"])
@pytest.mark.parametrize("rights", [0o444, 0o000])
def test_a_file_of_somebody_else_is_named(open_folder: Path, name: str, rights: int) -> None:
    target = sqlite_target(open_folder)
    migrate(target)
    with closing(sqlite3.connect(open_folder / "habar.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("SELECT * FROM sms_messages").fetchall()
        for file in open_folder.iterdir():
            file.chmod(rights if file.name == name else 0o666)
        with _as_a_user():
            said = wrong(open_folder, "--offline", **DUMMY, **stored(target))
    assert f"database: {open_folder / name} cannot be written" in said
    assert "chown" in said


def test_a_file_that_does_not_keep_a_log_is_told(place: Path, target: DatabaseTarget) -> None:
    with closing(sqlite3.connect(place / "habar.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    _, findings = examined(place, "--offline", **DUMMY, **stored(target))
    assert "durability: journal_mode is delete" in told(findings, "warning")


@contextmanager
def _as_a_user() -> Iterator[None]:
    """Be somebody whom rights on files mean something to."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
