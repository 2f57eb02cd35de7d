"""A SQLite file and the folder it is in."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.engines import BUSY_TIMEOUT_S, DatabaseTarget
from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.doctor.folders import existing, file_system_of
from entrypoints.doctor.revision import check_revision, find_revision

_NETWORKED = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_FLEETING = frozenset({"ramfs", "tmpfs"})


def check_sqlite(target: DatabaseTarget) -> list[Finding]:
    """Look at a file.

    Raises:
        sqlalchemy.exc.DBAPIError: it is no database, or cannot be read.
    """
    path = target.sqlite_path
    if path is None:
        raise ValueError(target)
    found = [*check_folder(path.parent, target.setting)]
    if not path.exists():
        text = f"there is no {path} yet"
        fix = "Nothing has to be done: habar serve makes it."
        return [*found, warning("database", text, fix)]
    with _engine(path).connect() as connection:
        version = connection.scalar(sa.text("SELECT sqlite_version()"))
        return [
            *found,
            ok("database", f"SQLite {version}, {path}"),
            check_revision(find_revision(connection)),
            *_check_durability(connection),
        ]


def check_folder(folder: Path, setting: str) -> Iterator[Finding]:
    """Tell whether a folder, or where it would be made, keeps what is written into it."""
    nearest = existing(folder)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        text = f"nothing can be written in {folder}"
        yield problem("database", text, f"Have {setting} name a folder that Habar may write in.")
        return
    kind = file_system_of(nearest)
    if kind in _NETWORKED:
        text = f"{folder} is on a network file system ({kind}), where SQLite loses data"
        yield problem("durability", text, f"Have {setting} name a folder on a local disk.")
    elif kind in _FLEETING:
        text = f"{folder} is in memory ({kind}): a restart loses it all"
        yield warning("durability", text, f"Have {setting} name a folder on a disk.")


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


def _check_durability(connection: sa.Connection) -> Iterator[Finding]:
    journal = connection.scalar(sa.text("PRAGMA journal_mode"))
    if journal != "wal":
        text = f"journal_mode is {journal}, not wal"
        yield warning("durability", text, "Nothing has to be done: habar serve sets it.")
    connection.exec_driver_sql("PRAGMA synchronous=FULL")
    level = connection.scalar(sa.text("PRAGMA synchronous"))
    if level == 2:  # noqa: PLR2004 - SQLite's number for FULL
        yield ok("durability", f"journal_mode={journal}, synchronous=FULL where Habar writes")
    else:
        text = f"synchronous=FULL is not obeyed (it stays {level}): a message could be lost"
        yield problem("durability", text, "Use a Python whose SQLite is not changed.")
