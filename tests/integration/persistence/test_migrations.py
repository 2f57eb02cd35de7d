"""One history, on a database that is new, current, old, somebody else's or too new."""

import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from adapters.clock import SystemClock
from adapters.persistence.blacklist import SqlBlacklist
from adapters.persistence.blacklist_lookup import PostgresLookup, SqliteLookup
from adapters.persistence.engines import DatabaseTarget, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.migrate import NewerDatabaseError, migrate
from adapters.persistence.migrations import HEAD, VERSION_TABLE
from adapters.persistence.storage import SqlStorage
from adapters.persistence.tables import metadata
from application.errors import SettingsError
from domain.blacklist import BlacklistEntry
from domain.phone import Phone
from tests.integration.conftest import postgres_target, sqlite_target
from tests.postgres import PostgresServer

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
SINCE = datetime(2020, 9, 1, 12, 30, 5, tzinfo=UTC)
OLD_ROWS = [
    (3, "77011234567", "2020-09-01 12:30:05"),
    (7, "+77017654321", "2021-01-02 03:04:05.678901"),
    (8, "77770000000", None),
    (9, "8 701 not a number", "1999-12-31 23:59:59"),
    (12, None, None),
]


@contextmanager
def connected(target: DatabaseTarget) -> Iterator[sa.Connection]:
    """Enter the database as migrations do: in the schema, in one transaction."""
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
    url = target.admin_url.set(drivername=drivers[target.url.get_backend_name()])
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        if target.schema is not None:
            quoted = engine.dialect.identifier_preparer.quote(target.schema)
            connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")
            connection.dialect.default_schema_name = target.schema
        yield connection


def config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "adapters.persistence:migrations")
    config.attributes["connection"] = connection
    return config


def dump(target: DatabaseTarget) -> list[tuple[object, ...]]:
    with connected(target) as connection:
        query = "SELECT id, phone, CAST(created_at AS text) FROM sms_blacklist ORDER BY id"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def fill_old(target: DatabaseTarget) -> None:
    """Make the table of the replaced system, as that system made it."""
    key = "serial" if target.sqlite_path is None else "integer"
    with connected(target) as connection:
        if target.schema is not None:
            quoted = connection.dialect.identifier_preparer.quote(target.schema)
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted}")
        connection.exec_driver_sql(
            f"CREATE TABLE sms_blacklist (id {key} primary key, phone varchar(255) unique, "
            "created_at timestamp)"
        )
        rows = [dict(zip(("id", "phone", "at"), row, strict=True)) for row in OLD_ROWS]
        insert = "INSERT INTO sms_blacklist VALUES (:id, :phone, CAST(:at AS timestamp))"
        if target.sqlite_path is not None:
            insert = "INSERT INTO sms_blacklist VALUES (:id, :phone, :at)"
        connection.execute(sa.text(insert), rows)
        if target.sqlite_path is None:
            connection.exec_driver_sql("SELECT setval('sms_blacklist_id_seq', 12)")


@pytest.fixture(params=["sqlite", "postgres", "My-Schema"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseTarget:
    """An empty database; on PostgreSQL also one with a schema of its own, and an odd name."""
    if request.param == "sqlite":
        url = sa.make_url(f"sqlite:///{tmp_path}/odd name%3F#.db")
        return DatabaseTarget(url=url, admin_url=url)
    target = postgres_target(request.getfixturevalue("postgres_server"))
    schema = "public" if request.param == "postgres" else request.param
    return DatabaseTarget(url=target.url, admin_url=target.url, schema=schema)


def test_the_newest_revision_is_the_one_the_program_knows() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]


def test_a_new_database_is_what_the_tables_say(place: DatabaseTarget) -> None:
    migrate(place)
    with connected(place) as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "version_table": VERSION_TABLE,
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(place: DatabaseTarget) -> None:
    migrate(place)
    with connected(place) as connection:
        connection.exec_driver_sql("INSERT INTO sms_blacklist (phone) VALUES ('77011234567')")
    migrate(place)
    assert [row[1] for row in dump(place)] == ["77011234567"]


async def test_a_migrated_database_is_ready_in_any_schema(place: DatabaseTarget) -> None:
    engines = open_engines(place)
    path = place.sqlite_path
    lookup = PostgresLookup(engines.reader) if path is None else SqliteLookup(path)
    storage = SqlStorage(place, engines, GroupCommit(engines.writer), lookup)
    await storage.open()
    assert await storage.problem() is None
    await storage.close()


def test_phones_no_lookup_will_find_are_told_of(
    place: DatabaseTarget, caplog: pytest.LogCaptureFixture
) -> None:
    fill_old(place)
    with connected(place) as connection:
        for number, phone in enumerate(("+7 (701) 123-45-67", " 77019999999", "++77"), 900):
            connection.execute(
                sa.text("INSERT INTO sms_blacklist (id, phone) VALUES (:id, :phone)"),
                {"id": number, "phone": phone},
            )
    migrate(place)
    assert "sms_blacklist: 4 phones are no international numbers" in caplog.text


def test_another_programs_history_in_the_same_place_is_left_alone(place: DatabaseTarget) -> None:
    fill_old(place)
    with connected(place) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('f00dcafe')")
    migrate(place)
    with connected(place) as connection:
        kept = connection.exec_driver_sql("SELECT version_num FROM alembic_version").all()
    assert [row[0] for row in kept] == ["f00dcafe"]


def test_four_processes_at_once_make_one_file(tmp_path: Path) -> None:
    target = sqlite_target(tmp_path)
    _at_once(target)
    with connected(target) as connection:
        versions = connection.exec_driver_sql("SELECT version_num FROM sms_alembic_version").all()
    assert [row[0] for row in versions] == [HEAD]


def test_it_goes_down_and_up_again_and_keeps_the_blacklist(place: DatabaseTarget) -> None:
    fill_old(place)
    before = dump(place)
    migrate(place)
    with connected(place) as connection:
        command.downgrade(config(connection), "base")
        names = sa.inspect(connection).get_table_names()
    assert {name for name in names if name.startswith("sms_")} == {"sms_blacklist", VERSION_TABLE}
    migrate(place)
    assert dump(place) == before
    with connected(place) as connection:
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())


def test_a_newer_database_is_left_alone(place: DatabaseTarget) -> None:
    migrate(place)
    with connected(place) as connection:
        connection.exec_driver_sql("UPDATE sms_alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabaseError, match=f"revision 9999, this program knows {HEAD}"):
        migrate(place)


async def test_a_newer_database_is_a_problem_of_the_deployment(place: DatabaseTarget) -> None:
    migrate(place)
    with connected(place) as connection:
        connection.exec_driver_sql("UPDATE sms_alembic_version SET version_num = '9999'")
    engines = open_engines(place)
    path = place.sqlite_path
    lookup = PostgresLookup(engines.reader) if path is None else SqliteLookup(path)
    storage = SqlStorage(place, engines, GroupCommit(engines.writer), lookup)
    try:
        with pytest.raises(SettingsError, match=r"DATABASE_URL: .*start the newer version"):
            await storage.open()
    finally:
        await storage.close()


# What the replaced system left.


def test_the_old_blacklist_is_kept_byte_for_byte(place: DatabaseTarget) -> None:
    fill_old(place)
    before = dump(place)
    assert len(before) == len(OLD_ROWS)
    migrate(place)
    assert dump(place) == before


async def test_the_old_blacklist_serves(place: DatabaseTarget) -> None:
    fill_old(place)
    before = dump(place)
    digits, plus, undated = (
        Phone("+77011234567"),
        Phone("+77017654321"),
        Phone("+77770000000"),
    )
    free = Phone("+77019999999")
    async with _blacklist(place) as blacklist:
        listed = await blacklist.listed([digits, plus, undated, free])
        assert listed == {digits, plus, undated}
        assert await blacklist.listed([plus]) == {plus}
        assert await blacklist.find(digits) == BlacklistEntry(digits, SINCE)
        found = await blacklist.find(undated)
        assert found is not None
        assert found.created_at < SINCE
        for phone in (digits, plus, undated):
            await blacklist.add(BlacklistEntry(phone, NOW))
        assert dump(place) == before  # each keeps its date, and its form
        await blacklist.add(BlacklistEntry(free, NOW))
        assert dump(place)[-1][:2] == (13, free.msisdn)
        await blacklist.remove(plus)
        await blacklist.remove(undated)
        assert await blacklist.listed([digits, plus, undated]) == {digits}
    assert [row[0] for row in dump(place)] == [3, 9, 12, 13]


async def test_a_phone_the_old_list_has_twice_is_listed_once_and_leaves_whole(
    place: DatabaseTarget,
) -> None:
    phone = Phone("+77011234567")
    fill_old(place)
    with connected(place) as connection:
        connection.exec_driver_sql("INSERT INTO sms_blacklist (phone) VALUES ('+77011234567')")
    async with _blacklist(place) as blacklist:
        assert await blacklist.find(phone) == BlacklistEntry(phone, SINCE)
        await blacklist.remove(phone)
        assert await blacklist.find(phone) is None


# PostgreSQL: what is missing is made.


def test_a_missing_database_and_schema_are_made(postgres_server: PostgresServer) -> None:
    target = _missing(postgres_server, "Made Here-1")
    migrate(target)
    migrate(target)
    with connected(target) as connection:
        assert sa.inspect(connection).has_table("sms_messages", schema="My-Schema")
        assert not sa.inspect(connection).has_table("sms_messages", schema="public")


def test_four_processes_at_once_make_one_database(postgres_server: PostgresServer) -> None:
    target = _missing(postgres_server, "made_by_four")
    _at_once(target)
    with connected(target) as connection:
        versions = connection.exec_driver_sql("SELECT version_num FROM sms_alembic_version").all()
    assert [row[0] for row in versions] == [HEAD]


def test_one_who_may_not_create_can_use_what_is_there(postgres_server: PostgresServer) -> None:
    target = postgres_target(postgres_server)
    with connected(target) as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS humble")
        connection.exec_driver_sql("CREATE ROLE humble LOGIN")
        connection.exec_driver_sql('CREATE SCHEMA "My-Schema"')
        connection.exec_driver_sql('GRANT USAGE, CREATE ON SCHEMA "My-Schema" TO humble')
        connection.exec_driver_sql(f'REVOKE CREATE ON DATABASE "{target.url.database}" FROM PUBLIC')
    url = target.url.set(username="humble")
    humble = DatabaseTarget(url=url, admin_url=url, schema="My-Schema")
    migrate(humble)
    with connected(humble) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sms_messages").scalar() == 0
    nowhere = DatabaseTarget(url=url, admin_url=url, schema="elsewhere")
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        migrate(nowhere)
    missing = url.set(database="not_there")
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied to create database"):
        migrate(DatabaseTarget(url=missing, admin_url=missing, schema="public"))


def test_a_server_that_is_away_is_told_as_it_is(postgres_server: PostgresServer) -> None:
    url = postgres_server.url.set(port=1)
    with pytest.raises(sa.exc.OperationalError, match="refused"):
        migrate(DatabaseTarget(url=url, admin_url=url, schema="public"))


def _missing(server: PostgresServer, name: str) -> DatabaseTarget:
    url = server.url.set(database=name)
    return DatabaseTarget(url=url, admin_url=url, schema="My-Schema")


def _at_once(target: DatabaseTarget) -> None:
    """Migrate in four processes that start together."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(4)
    processes = [spawn.Process(target=_migrate, args=(target, ready.wait)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4


def _migrate(target: DatabaseTarget, ready: Callable[[], int]) -> None:
    ready()
    migrate(target)


@asynccontextmanager
async def _blacklist(target: DatabaseTarget) -> AsyncIterator[SqlBlacklist]:
    engines = open_engines(target)
    commits = GroupCommit(engines.writer)
    path = target.sqlite_path
    lookup = PostgresLookup(engines.reader) if path is None else SqliteLookup(path)
    storage = SqlStorage(target, engines, commits, lookup)
    await storage.open()
    try:
        yield SqlBlacklist(commits, engines.reader, lookup, SystemClock())
    finally:
        await storage.close()
