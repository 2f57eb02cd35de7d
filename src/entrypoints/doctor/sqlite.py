"""A SQLite file and the folder it is in."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.backup import is_marked
from adapters.persistence.engines import BUSY_TIMEOUT_S, DatabaseTarget
from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.doctor.folders import existing, file_system_of
from entrypoints.doctor.keys import check_keys, no_key
from entrypoints.doctor.revision import check_revision, find_revision

_NETWORKED = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_FLEETING = {
    "overlay": "in a layer of this container: it is gone with the container",
    "ramfs": "in memory: a restart loses it all",
    "tmpfs": "in memory: a restart loses it all",
}


def check_sqlite(target: DatabaseTarget, unprotected: str | None = None) -> Iterator[Finding]:
    """Look at a file.

    Raises:
        sqlalchemy.exc.DBAPIError: it is no database, or cannot be read.
    """
    if target.sqlite_path is None:
        raise ValueError(target)
    path = target.sqlite_path.resolve()  # the log is beside the file, not beside a link to it
    yield from check_folder(path.parent, target.setting)
    if not path.exists():
        text = f"there is no {path} yet"
        yield warning("database", text, "Nothing has to be done: habar serve makes it.")
        if unprotected is not None:
            yield no_key(unprotected)
        return
    if closed := [file for file in _files(path) if not _is_open_to_us(file)]:
        text = f"{', '.join(map(str, closed))} cannot be written"
        fix = "Give the file to the user Habar runs as, with chown; that user runs habar, too."
        yield problem("database", text, fix)
        return
    with _engine(path).connect() as connection:
        version = connection.scalar(sa.text("SELECT sqlite_version()"))
        yield ok("database", f"SQLite {version}, {path}")
        yield from _check_mark(connection)
        yield check_revision(find_revision(connection))
        yield _check_journal(connection)
        yield from check_keys(connection, unprotected)


def check_folder(folder: Path, setting: str) -> Iterator[Finding]:
    """Tell whether a folder, or where it would be made, keeps what is written into it."""
    nearest = existing(folder)
    if not nearest.is_dir() or not _is_open_to_us(nearest, os.W_OK | os.X_OK):
        text = f"nothing can be written in {folder}"
        yield problem("database", text, f"Have {setting} name a folder that Habar may write in.")
        return
    kind = file_system_of(nearest)
    if kind in _NETWORKED:
        text = f"{folder} is on a network file system ({kind}), where SQLite loses data"
        yield problem("durability", text, f"Have {setting} name a folder on a local disk.")
    elif kind in _FLEETING:
        text = f"{folder} ({kind}) is {_FLEETING[kind]}"
        yield warning("durability", text, f"Have {setting} name a folder on a disk or a volume.")


def _files(path: Path) -> list[Path]:
    """Return the file and what SQLite has put beside it."""
    beside = [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]
    return [file for file in beside if file.exists()]


def _is_open_to_us(path: Path, mode: int = os.R_OK | os.W_OK) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _engine(path: Path) -> sa.Engine:
    """Read a file without leaving anything beside it.

    Where there is no log nobody has it open, and reading it as if it could not change keeps SQLite
    from making one.
    """
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    address = f"{path.absolute().as_uri()}?{mode}"
    return sa.create_engine(
        "sqlite://",
        poolclass=NullPool,
        creator=lambda: sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S),
    )


def _check_mark(connection: sa.Connection) -> Iterator[Finding]:
    if is_marked(connection):
        text = "this is a backup, and what waits in it may have been sent since: it is not served"
        fix = "Run habar hold, or habar restore FILE instead of copying the file."
        yield problem("database", text, fix)


def _check_journal(connection: sa.Connection) -> Finding:
    journal = connection.scalar(sa.text("PRAGMA journal_mode"))
    if journal != "wal":
        text = f"journal_mode is {journal}, not wal"
        return warning("durability", text, "Nothing has to be done: habar serve sets it.")
    return ok("durability", "journal_mode is wal, and habar serve does not start without FULL")
