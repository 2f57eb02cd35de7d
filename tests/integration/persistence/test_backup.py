"""Copies of a SQLite database: whole, marked, under their name only when complete."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.persistence.backup import BackupError, back_up, keep_aside, placed_at
from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import UnrestoredError, migrate
from adapters.persistence.restored import hold
from tests.integration.conftest import sqlite_target

ROWS = 2_000
WAIT_S = 30


@pytest.fixture
def database(tmp_path: Path) -> Path:
    migrate(sqlite_target(tmp_path))
    return tmp_path / "habar.db"


@pytest.fixture
def writer(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection like the one the service writes with."""
    with closing(
        sqlite3.connect(database, isolation_level=None, timeout=30, check_same_thread=False)
    ) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        yield connection


def add(connection: sqlite3.Connection, phone: str) -> None:
    connection.execute("INSERT INTO sms_blacklist (phone) VALUES (?)", (phone,))


def phones(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {phone for (phone,) in connection.execute("SELECT phone FROM sms_blacklist")}


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_in_the_log_only_is_copied_too(
    database: Path, writer: sqlite3.Connection, tmp_path: Path
) -> None:
    add(writer, "77011234567")
    back_up(database, tmp_path / "copy.db")
    assert phones(tmp_path / "copy.db") == {"77011234567"}


def test_a_copy_is_one_file_that_only_its_owner_reads(
    database: Path, writer: sqlite3.Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    add(writer, "77011234567")
    back_up(database, folder / "copy.db")
    assert files(folder) == {"copy.db"}
    assert (folder / "copy.db").stat().st_mode & 0o077 == 0


def test_somebody_who_writes_all_the_time_neither_waits_nor_is_waited_for(
    database: Path, writer: sqlite3.Connection, tmp_path: Path
) -> None:
    begun, ending = threading.Event(), threading.Event()
    written: list[str] = []

    def write() -> None:
        while not ending.is_set():
            add(writer, phone := f"7701{len(written):07d}")
            written.append(phone)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(WAIT_S)
        before = set(written)
        back_up(database, tmp_path / "copy.db")
        copied = phones(tmp_path / "copy.db")
    finally:
        ending.set()
        thread.join(WAIT_S)
    assert before <= copied
    assert copied == set(written[: len(copied)]), "not as it was at one moment"


def test_an_older_copy_stays_where_a_new_one_fails(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(database, copy)
    earlier = copy.read_bytes()
    database.write_bytes(b"SQLite format 3\x00" + b"\xff" * 8192)
    present = files(tmp_path)
    with pytest.raises(BackupError):
        back_up(database, copy)
    assert copy.read_bytes() == earlier
    assert files(tmp_path) == present, "something was left behind"


def test_a_damaged_page_is_found(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for number in range(ROWS):
            add(connection, f"7701{number:07d}")
        connection.commit()
    content = bytearray(database.read_bytes())
    content[-8192:] = b"\x05" * 8192
    database.write_bytes(content)
    with pytest.raises(BackupError):
        back_up(database, tmp_path / "copy.db")


@pytest.mark.parametrize("name", ["habar.db", "habar.db-wal", "habar.db-shm"])
def test_a_database_is_not_copied_onto_itself(database: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BackupError, match="the database itself"):
        back_up(database, tmp_path / name)
    assert phones(database) == set()


def test_a_pipe_or_a_device_is_not_replaced(database: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BackupError, match="is no file"):
        back_up(database, tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_not_there_is_neither_copied_nor_made(tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    assert files(tmp_path) == set()


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(BackupError, match="no database of Habar's"):
        back_up(tmp_path / "other.db", tmp_path / "copy.db")


def test_a_copy_is_not_served_before_its_messages_were_held(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "copy.db")
    copy = target_of(tmp_path / "copy.db")
    with pytest.raises(UnrestoredError):
        migrate(copy)
    hold(copy, announced=False)
    migrate(copy)


def with_a_log(place: Path, database: Path) -> Path:
    """Make what a process that was killed leaves: a database, and a log that holds the newest."""
    place.mkdir()
    for ending in ("", "-wal", "-shm"):
        shutil.copy(f"{database}{ending}", place / f"habar.db{ending}")
    return place / "habar.db"


def test_a_database_is_kept_aside_with_its_log_and_stays(
    database: Path, writer: sqlite3.Connection, tmp_path: Path
) -> None:
    add(writer, "77011234567")
    left = with_a_log(tmp_path / "left", database)
    aside = keep_aside(left)
    assert aside is not None
    assert files(left.parent) == {left.name, aside.name}
    assert phones(aside) == phones(left) == {"77011234567"}


def test_a_damaged_one_is_kept_aside_with_its_log_as_it_is(
    database: Path, writer: sqlite3.Connection, tmp_path: Path
) -> None:
    add(writer, "77011234567")
    left = with_a_log(tmp_path / "left", database)
    left.write_bytes(b"damaged" * 1_000)
    log = left.with_name("habar.db-wal").read_bytes()
    aside = keep_aside(left)
    assert aside is not None
    assert aside.read_bytes() == left.read_bytes()
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == log
    assert "habar.db-wal" not in files(left.parent), "the new one would read it"


def test_nothing_is_kept_aside_while_somebody_has_it_open(
    database: Path, writer: sqlite3.Connection
) -> None:
    add(writer, "77011234567")
    present = files(database.parent)
    with pytest.raises(BackupError, match="have it open"):
        keep_aside(database)
    assert files(database.parent) == present
    assert phones(database) == {"77011234567"}


def test_nothing_is_kept_aside_where_nothing_is(tmp_path: Path) -> None:
    assert keep_aside(tmp_path / "habar.db") is None


def test_a_file_has_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    with placed_at(tmp_path / "copy.db") as partial:
        partial.write_bytes(b"all")
        assert files(tmp_path) == {partial.name}
    assert files(tmp_path) == {"copy.db"}


def target_of(path: Path) -> DatabaseTarget:
    target = sqlite_target(path.parent)
    url = target.url.set(database=str(path))
    return DatabaseTarget(url=url, admin_url=url)
