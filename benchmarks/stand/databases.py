"""Where the gateways under load keep their messages: a new database for each."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import PostgresServer, running_server


class Databases(ABC):
    """Makes databases of one kind.

    Attributes:
        title: the kind, as the notes name it.
    """

    title: str

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._serials = itertools.count(1)

    @abstractmethod
    def fresh(self) -> dict[str, str]:
        """Return the settings of a gateway whose database is empty."""

    def _data_dir(self, serial: int) -> dict[str, str]:
        return {"DATA_DIR": str(self._folder / f"data-{serial}")}


class SqliteFiles(Databases):
    """A file each."""

    title = "SQLite"

    def fresh(self) -> dict[str, str]:
        """See ``Databases.fresh``."""
        return self._data_dir(next(self._serials))


class PostgresDatabases(Databases):
    """A database each on one server, which waits for the disk as it would in production."""

    title = "PostgreSQL with fsync, pinned to no processor, its own CPU not counted"

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        super().__init__(folder)
        self._server = server

    def fresh(self) -> dict[str, str]:
        """See ``Databases.fresh``."""
        serial = next(self._serials)
        url = self._server.create_database(f"bench_{self._folder.name}_{serial}")
        return {
            **self._data_dir(serial),
            "DATABASE_URL": url.render_as_string(hide_password=False),
        }


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Databases]:
    """Make databases of a kind available."""
    if kind == "sqlite":
        yield SqliteFiles(folder)
        return
    with running_server(fsync=True) as server:
        yield PostgresDatabases(folder, server)
