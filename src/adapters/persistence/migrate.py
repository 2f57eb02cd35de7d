"""Bringing a database up to date: created when missing, migrated under a lock.

Runs in a thread of its own, with plain synchronous connections: it happens once, before anything
is served. On PostgreSQL it goes to the server itself, past PgBouncer.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from psycopg.errors import ConnectionTimeout
from sqlalchemy.pool import NullPool

from adapters.persistence.backup import is_marked
from adapters.persistence.engines import DatabaseTarget, postgres_arguments
from adapters.persistence.migrations import HEAD, VERSION_TABLE
from application.errors import SettingsError

version_table = sa.Table(VERSION_TABLE, sa.MetaData(), sa.Column("version_num", sa.String(32)))
_LOCK_KEY = 0x6861626172
_MAKE_IT = "habar migrate makes it"
_DATABASE = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")


class NewerDatabaseError(Exception):
    """The database was migrated by a later version of Habar."""


class UnrestoredError(Exception):
    """The file is a backup that was put in place by hand."""


class NoDatabaseError(Exception):
    """There is no database of Habar's, and none was to be made."""


@contextmanager
def told_as_problem(target: DatabaseTarget) -> Iterator[None]:
    """Turn what keeps a database from being opened into a problem of the deployment.

    Raises:
        SettingsError: it names the setting.
    """
    try:
        yield
    except (
        sa.exc.DBAPIError,
        NewerDatabaseError,
        UnrestoredError,
        NoDatabaseError,
        OSError,
    ) as error:
        problem = f"{target.setting}: {getattr(error, 'orig', error)}"
        raise SettingsError([problem]) from None


def migrate(target: DatabaseTarget, *, create: bool = True) -> None:
    """Apply every revision; create the database and the schema where they are missing.

    Several processes may do this at once: one works, the others wait and find it done.

    Args:
        target: where.
        create: what is missing is made.

    Raises:
        NewerDatabaseError: a later version was here; nothing is changed.
        NoDatabaseError: it is missing, and was not to be made.
        UnrestoredError: it is a backup.
        sqlalchemy.exc.DBAPIError: the server refused.
    """
    if not create:
        require_file(target)
    elif target.sqlite_path is None:
        _create_database(target)
    with locked(target) as connection:
        if target.sqlite_path is not None and is_marked(connection):
            raise UnrestoredError(
                "this is a backup, and what waits in it may have been sent since; "
                "run habar hold, or habar restore FILE instead of copying it"
            )
        bring_up_to_date(connection, create=create)


def require_file(target: DatabaseTarget) -> None:
    """Look whether there is a file at all, as one is made by whoever opens it.

    Raises:
        NoDatabaseError: there is none.
    """
    if target.sqlite_path is not None and not target.sqlite_path.exists():
        raise NoDatabaseError(f"there is no database at {target.sqlite_path}; {_MAKE_IT}")


def bring_up_to_date(connection: sa.Connection, *, create: bool) -> None:
    """Do what ``migrate`` does in a transaction that is open already.

    Raises:
        NewerDatabaseError: see ``migrate``.
        NoDatabaseError: likewise.
    """
    version = _version(connection)
    if version == HEAD:
        return
    if version is None and not create:
        raise NoDatabaseError(f"this is no database of Habar's; {_MAKE_IT}")
    if version is not None and version > HEAD:
        raise NewerDatabaseError(
            f"the database is at revision {version}, this program knows {HEAD}; "
            "start the newer version, or restore the backup made before it"
        )
    _upgrade(connection)


def _upgrade(connection: sa.Connection) -> None:
    # Loaded here: a start on a current database does without it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "adapters.persistence:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def locked(target: DatabaseTarget) -> Iterator[sa.Connection]:
    """Open a transaction that only one process at a time can have."""
    if target.sqlite_path is not None:
        engine = sa.create_engine(
            target.url.set(drivername="sqlite"),
            poolclass=NullPool,
            connect_args={"isolation_level": None, "timeout": 60},
        )
        sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.begin() as connection:
            yield connection
        return
    engine = _postgres(target.admin_url)
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
        _enter_schema(connection, target.schema or "public")
        yield connection


def _enter_schema(connection: sa.Connection, schema: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(schema)
    known = sa.inspect(connection).has_schema(schema)
    if not known:  # CREATE ... IF NOT EXISTS asks for the right to create even when it exists
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted}")
    connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")
    connection.dialect.default_schema_name = schema


def _create_database(target: DatabaseTarget) -> None:
    """Create the database, through the maintenance one, where it cannot be entered.

    Why it cannot, a server tells in its own language only: its catalogue is asked.
    """
    try:
        with _postgres(target.admin_url).connect():
            return
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, ConnectionTimeout):
            raise
        try:
            connection = _postgres(target.admin_url.set(database="postgres")).connect()
        except sa.exc.OperationalError:
            raise error from None
    name = str(target.admin_url.database)
    with connection.execution_options(isolation_level="AUTOCOMMIT"):
        connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK_KEY)))
        if connection.execute(_DATABASE, {"name": name}).first() is None:
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.exec_driver_sql(f"CREATE DATABASE {quoted}")


def _postgres(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=postgres_arguments(),
    )


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(sa.select(version_table.c.version_num))
