"""A PostgreSQL server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.engines import DatabaseTarget, postgres_arguments
from entrypoints.doctor.clock import check_clock
from entrypoints.doctor.finding import Finding, ok, problem
from entrypoints.doctor.keys import check_keys
from entrypoints.doctor.postgres_settings import check_durability, check_read_only
from entrypoints.doctor.postgres_tables import check_rights, check_unlogged
from entrypoints.doctor.revision import check_revision, find_revision

_LOCK_MS = 5_000


def check_postgres(target: DatabaseTarget, unprotected: str | None = None) -> Iterator[Finding]:
    """Look at a server, by both of its addresses.

    Raises:
        sqlalchemy.exc.DBAPIError: it cannot be reached or entered, or a table is locked.
    """
    if target.admin_url != target.url:
        with _engine(target.admin_url).connect():
            pass
    with _engine(target.url).connect() as connection:
        # For this transaction alone: a pooler gives the connection to somebody else next.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_MS}")
        yield ok("database", f"PostgreSQL {connection.scalar(sa.text('SHOW server_version'))}")
        yield from _check_role(connection, target.setting)
        yield from _check_encoding(connection)
        yield from check_read_only(connection, target.setting)
        yield from check_rights(connection, target.schema or "public")
        yield check_revision(find_revision(connection, target.schema))
        yield from check_durability(connection, target.setting)
        yield from check_unlogged(connection, target.schema or "public")
        yield _check_time(connection)
        yield from check_keys(connection, unprotected, target.schema)


def _engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=postgres_arguments(),
        execution_options={"postgresql_readonly": True},
    )


def _check_role(connection: sa.Connection, setting: str) -> Iterator[Finding]:
    if connection.scalar(sa.text("SELECT pg_is_in_recovery()")):
        text = "this server is a standby: it takes no messages"
        yield problem("database", text, f"Have {setting} name the primary server.")


def _check_encoding(connection: sa.Connection) -> Iterator[Finding]:
    encoding = connection.scalar(sa.text("SHOW server_encoding"))
    if encoding != "UTF8":
        text = f"its encoding is {encoding}: most texts cannot be written in it"
        fix = "Make a database with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."
        yield problem("database", text, fix)


def _check_time(connection: sa.Connection) -> Finding:
    before = datetime.now(UTC)
    now = connection.scalar(sa.text("SELECT clock_timestamp()"))
    after = datetime.now(UTC)
    return check_clock("the database", now, before, after)
