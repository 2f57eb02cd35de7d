"""Copies of a SQLite database: made while it is in use, and put in its place.

A copy is marked. Messages that waited when it was made may have been sent since: it is not served
before it was restored, which puts them in doubt.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from adapters.persistence.engines import BUSY_TIMEOUT_S
from adapters.persistence.migrations import VERSION_TABLE

_MARK = 0x68616272
"""The ``user_version`` of a copy; nothing else uses it."""
_BESIDE = ("", "-wal", "-shm", "-journal")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class BackupError(Exception):
    """There is nothing to copy, or what was copied is not whole."""


def back_up(database: Path, to: Path) -> None:
    """Copy a database as it is now; whoever uses it is not held up.

    The file appears under its name when all of it is on disk, and only then.

    Raises:
        BackupError: there is no such database, or the copy is not whole.
        OSError: the copy cannot be written.
    """
    with placed_at(to, instead_of=database) as copy:
        copy_of(database, copy)
        with closing(_open(copy)) as connection:
            connection.execute(f"PRAGMA user_version={_MARK}")


@contextmanager
def placed_at(to: Path, *, instead_of: Path | None = None) -> Iterator[Path]:
    """Give a file to write; it gets its name when the block has ended well.

    Args:
        to: the name.
        instead_of: a database whose name that must not be.

    Raises:
        BackupError: it is; or it is the name of a folder or a device.
    """
    if instead_of is not None and to.resolve() in _files(instead_of.resolve()):
        raise BackupError(f"{to} is the database itself; choose another name")
    if to.exists() and not to.is_file():
        raise BackupError(f"{to} is no file, and would be replaced by one; choose another name")
    descriptor, name = tempfile.mkstemp(prefix=f".{to.name}.", dir=to.parent)
    try:
        yield Path(name)
        os.fsync(descriptor)
        Path(name).replace(to)
        _flush_folder(to.parent)
    finally:
        os.close(descriptor)
        for left in _files(Path(name)):
            left.unlink(missing_ok=True)


def copy_of(database: Path, copy: Path) -> None:
    """Write a database into a file, its log included, and check every page.

    Raises:
        BackupError: see ``back_up``.
    """
    try:
        with closing(_open(database)) as source, closing(_open(copy)) as target:
            if not _is_ours(source):
                raise BackupError(f"{database} is no database of Habar's")
            # In one step: a copy made in several begins anew whenever somebody has written.
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            found = target.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{database}: {error}") from None
    if found != ("ok",):
        raise BackupError(f"{database}: damaged: {found[0]}")


def keep_aside(database: Path) -> Path | None:
    """Keep a database under another name, before a new one takes its own.

    It stays where it is, too, and its log goes into it: whatever is cut off, a whole database has
    the name, and no log of the old one is read into the new one.

    Returns:
        The other name; ``None`` where there is no database.

    Raises:
        BackupError: somebody has it open.
        OSError: it cannot be kept.
    """
    if not database.exists():
        return None
    aside = database.with_name(f"{database.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.old")
    _take_in_log(database)
    _link(database, aside)
    # Only one that is damaged still has them.
    for here, there in zip(_files(database)[1:], _files(aside)[1:], strict=True):
        with suppress(FileNotFoundError):
            here.rename(there)
    _flush_folder(database.parent)
    return aside


def _take_in_log(database: Path) -> None:
    """Make one file of a database and its log; one that is damaged stays as it is."""
    try:
        with closing(_open(database)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")  # an open journal is undone
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:  # what is above says more
            raise BackupError(f"{database}: {error}; does somebody have it open?") from None


def _link(file: Path, name: Path) -> None:
    """Give a file a second name; a copy, where the file system has no such thing."""
    try:
        name.hardlink_to(file)
    except OSError:
        with placed_at(name) as copy:
            shutil.copyfile(file, copy)


def is_marked(connection: sa.Connection) -> bool:
    """Tell whether this is a copy that was not restored yet."""
    return connection.exec_driver_sql("PRAGMA user_version").scalar() == _MARK


def unmark(connection: sa.Connection) -> None:
    """Let it be served."""
    connection.exec_driver_sql("PRAGMA user_version=0")


def _open(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"  # what is not there is not made
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)


def _is_ours(connection: sqlite3.Connection) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(connection.execute(query, (VERSION_TABLE,)).fetchone()[0])


def _files(database: Path) -> list[Path]:
    return [database.with_name(database.name + ending) for ending in _BESIDE]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
