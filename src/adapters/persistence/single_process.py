"""One process a SQLite file: recovery after a crash relies on it."""

import fcntl
import os
from pathlib import Path

from application.errors import SettingsError


class SingleProcess:
    """An advisory lock beside the database file, gone with the process however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, in a folder that is made where it is missing.

        Raises:
            SettingsError: another process has the file.
            OSError: the folder cannot be made or written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            problem = (
                f"DATABASE_URL: another process is using {self._path.with_suffix('')}; "
                "stop it, or use PostgreSQL for more than one process"
            )
            raise SettingsError([problem]) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
