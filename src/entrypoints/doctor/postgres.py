"""A PostgreSQL server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.persistence.engines import DatabaseTarget, postgres_arguments
from entrypoints.doctor.clock import check_clock
from entrypoints.doctor.finding import Finding, ok, problem
from entrypoints.doctor.revision import check_revision, find_revision

_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply"),
}


def check_postgres(target: DatabaseTarget) -> list[Finding]:
    """Look at a server, by both of its addresses.

    Raises:
        sqlalchemy.exc.DBAPIError: it cannot be reached or entered.
    """
    if target.admin_url != target.url:
        with _engine(target.admin_url).connect():
            pass
    with _engine(target.url).connect() as connection:
        return [
            ok("database", f"PostgreSQL {connection.scalar(sa.text('SHOW server_version'))}"),
            *_check_writable(connection, target.setting),
            check_revision(find_revision(connection, target.schema)),
            *_check_durability(connection),
            _check_time(connection),
        ]


def _engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=postgres_arguments(),
        execution_options={"postgresql_readonly": True},
    )


def _check_writable(connection: sa.Connection, setting: str) -> Iterator[Finding]:
    if connection.scalar(sa.text("SELECT pg_is_in_recovery()")):
        text = "this server is a standby: it takes no messages"
        yield problem("database", text, f"Have {setting} name the primary server.")


def _check_durability(connection: sa.Connection) -> Iterator[Finding]:
    wrong = False
    for name, durable in _DURABLE.items():
        value = connection.scalar(sa.text(f"SHOW {name}"))
        if value not in durable:
            wrong = True
            text = f"{name} is {value}: an accepted message could be lost"
            yield problem("durability", text, f"Set {name} = on, for the server or the database.")
    if not wrong:
        yield ok("durability", f"{', '.join(_DURABLE)} are on")


def _check_time(connection: sa.Connection) -> Finding:
    before = datetime.now(UTC)
    now = connection.scalar(sa.text("SELECT clock_timestamp()"))
    after = datetime.now(UTC)
    return check_clock("the database", now, before, after)
