"""Reading SQLite in the event loop."""

import sqlite3
from pathlib import Path
from typing import Any

from adapters.persistence.transactions import away


class SqliteReader:
    """A connection of its own, opened when it is first needed, for what takes microseconds.

    The way to a thread and back takes seventy times as long. Whoever asks sees to it that the loop
    never waits for more than a millisecond or two.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def rows(self, query: str, values: tuple[str, ...]) -> list[Any]:
        """Return every row of a query.

        Raises:
            StorageUnavailableError: the file cannot be read.
        """
        try:
            return self._connected().execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            raise away(error) from None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            uri = f"{self._path.resolve().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)
            self._connection.execute("PRAGMA mmap_size=268435456")
        return self._connection
