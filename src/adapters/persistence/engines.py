"""How the database is opened: SQLite as durable as it can be, PostgreSQL fit for PgBouncer."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from adapters.persistence.transactions import (
    AsyncTransactions,
    ThreadTransactions,
    Transactions,
)

BUSY_TIMEOUT_S = 10
READERS = 4
WRITERS = 4
"""The connections the outbox and the blacklist keep for themselves on PostgreSQL."""
CONNECT_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTarget:
    """Where the database is.

    Attributes:
        url: for the service, perhaps PgBouncer in transaction mode.
        admin_url: the server itself: for creating what is missing, and for migrations.
        schema: on PostgreSQL.
        setting: which one says so, for complaints.
    """

    url: sa.URL
    admin_url: sa.URL
    schema: str | None = None
    setting: str = "DATABASE_URL"

    @property
    def sqlite_path(self) -> Path | None:
        """The file, where it is SQLite."""
        if self.url.get_backend_name() != "sqlite":
            return None
        return Path(str(self.url.database))


@dataclass(frozen=True, slots=True)
class Engines:
    """The way to write and the way to read.

    Attributes:
        writer: the one connection of this process that writes.
        reader: on PostgreSQL its connections can write, too.
    """

    writer: Transactions
    reader: AsyncEngine


def open_engines(target: DatabaseTarget) -> Engines:
    """Make both; connections are opened when they are first needed."""
    if target.sqlite_path is not None:
        return _sqlite(target)
    engine = create_async_engine(
        target.url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=READERS + WRITERS,
        max_overflow=READERS,
        pool_pre_ping=True,
        execution_options={"schema_translate_map": {None: target.schema}},
        connect_args=postgres_arguments(),
    )
    return Engines(AsyncTransactions(engine), engine)


def postgres_arguments() -> dict[str, object]:
    """Return what every PostgreSQL connection is opened with.

    No prepared statements, which PgBouncer in transaction mode would mix up between clients, and
    no connection that hangs on a dead network for longer than seconds.
    """
    return {
        "prepare_threshold": None,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "application_name": "habar",
    }


def _sqlite(target: DatabaseTarget) -> Engines:
    arguments: dict[str, Any] = {"isolation_level": None, "timeout": BUSY_TIMEOUT_S}
    writer = sa.create_engine(
        target.url.set(drivername="sqlite"),
        hide_parameters=True,
        poolclass=NullPool,
        connect_args=arguments,
    )
    reader = create_async_engine(
        target.url.set(drivername="sqlite+aiosqlite"),
        hide_parameters=True,
        pool_size=READERS,
        max_overflow=READERS,
        connect_args=arguments,
    )
    sa.event.listen(writer, "connect", _prepare_writer)
    sa.event.listen(reader.sync_engine, "connect", _prepare_reader)
    # A transaction that reads before it writes must hold the write lock from its start: the
    # driver's default loses updates without an error.
    sa.event.listen(writer, "begin", _begin_immediate)
    sa.event.listen(reader.sync_engine, "begin", _begin)
    return Engines(ThreadTransactions(writer), reader)


def _prepare_writer(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    del entry
    # The checkpoint has a connection of its own: inside a commit it would be somebody's latency.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0"):
        _pragma(connection, pragma)


def _prepare_reader(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    del entry
    _pragma(connection, "query_only=ON")


def _pragma(connection: sqlite3.Connection, pragma: str) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")
