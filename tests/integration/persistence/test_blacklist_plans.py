"""However long the blacklist is, an index finds a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from adapters.persistence.blacklist_lookup import SqliteLookup, asked_for
from adapters.persistence.blacklist_statements import CHANGES, joined, rows_of
from adapters.persistence.engines import Engines
from adapters.persistence.storage import SqlStorage
from adapters.persistence.tables import blacklist
from domain.blacklist import BlacklistEntry
from domain.phone import Phone
from tests.contracts.blacklist_entries import SINCE
from tests.integration.persistence.database import Database

ROWS = 20_000
PHONES = [f"7701{number:07d}" for number in range(ROWS)]
ENTRIES = joined(BlacklistEntry(Phone(f"+{phone}"), SINCE) for phone in PHONES[:100])


def fill(connection: sa.Connection) -> None:
    connection.execute(sa.insert(blacklist), [{"phone": phone} for phone in PHONES])
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE sms_blacklist")


def plan(
    connection: sa.Connection, statement: str, parameters: tuple[str, ...] | dict[str, Any]
) -> str:
    how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    found = connection.exec_driver_sql(how + statement, parameters)
    return "\n".join(str(row[-1]) for row in found)


def lookups(connection: sa.Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        yield plan(connection, SqliteLookup.ONE, (PHONES[0], f"+{PHONES[0]}"))
        yield plan(connection, SqliteLookup.MANY, (f'["{PHONES[0]}"]',))
        return
    for count in (2, 200):
        literal = {"literal_binds": True}
        query = asked_for(PHONES[:count]).compile(
            dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
            compile_kwargs=literal,
        )
        yield plan(connection, str(query).replace("%", "%%"), ())


def changes(connection: sa.Connection) -> Iterator[str]:
    every = CHANGES[connection.dialect.name]
    for statement in (every.add, every.forget, every.prolong):
        compiled = statement.compile(dialect=connection.dialect)
        rows = rows_of(ENTRIES)
        if connection.dialect.name == "sqlite":
            yield plan(connection, str(compiled), (rows,))
        else:
            parameters = {**compiled.params, "rows": rows}
            yield plan(connection, str(compiled), parameters)


class TestPlans(Database):
    @pytest.fixture(autouse=True)
    async def filled(self, storage: SqlStorage, engines: Engines) -> None:
        del storage
        await engines.writer.run(fill)

    async def test_phones_are_looked_up_by_index(self, engines: Engines) -> None:
        found = await engines.writer.run(lambda connection: list(lookups(connection)))
        assert len(found) == 2
        for one in found:
            assert "phone" in one
            assert "SCAN sms_blacklist" not in one
            assert "Seq Scan" not in one

    async def test_entries_are_written_by_index(self, engines: Engines) -> None:
        found = await engines.writer.run(lambda connection: list(changes(connection)))
        assert len(found) == 3
        for one in found:
            assert "SCAN sms_blacklist" not in one
            assert "Seq Scan on sms_blacklist" not in one
