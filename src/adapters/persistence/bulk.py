"""Statements for SQLite that are compiled once.

SQLAlchemy prepares a statement and the values of every row anew; on SQLite, where a row costs next
to nothing, that was half of what a message cost to store. Here the driver gets plain tuples.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import pysqlite

from adapters.persistence.rows import Row

_Convert = Callable[[Any], Any]
_DIALECT = pysqlite.dialect()


class Statement:
    """An insert, an update or a delete."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete) -> None:
        """Prepare it."""
        self._statement = statement
        self._bound: _Bound | None = None

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Run it with every row, all with the same keys."""
        if rows:
            bound = self._bind(rows[0])
            _driver(connection).executemany(bound.sql, map(bound.values, rows))

    def each(self, connection: sa.Connection, rows: Iterable[Row]) -> list[bool]:
        """Run it with one row after another; tell which of them changed something."""
        cursor = _driver(connection).cursor()
        changed = []
        for row in rows:
            bound = self._bind(row)
            changed.append(cursor.execute(bound.sql, bound.values(row)).rowcount > 0)
        return changed

    def _bind(self, row: Row) -> "_Bound":
        if self._bound is None:
            self._bound = _Bound(self._statement, list(row))
        return self._bound


class Query:
    """A select, or a statement with ``RETURNING``."""

    def __init__(self, statement: sa.Select[Any] | sa.CompoundSelect[Any] | sa.Update) -> None:
        """Prepare it; constants that choose a partial index must be literal in it."""
        self._bound = _Bound(statement)
        columns = statement.exported_columns
        self._readers = [_reader(column) for column in columns]
        names = [str(column.key) for column in columns]
        self._record = _record(names)

    def all(self, connection: sa.Connection, values: Row) -> list[Any]:
        """Return every row, with its columns' names as attributes."""
        found = _driver(connection).execute(self._bound.sql, self._bound.values(values))
        make, readers = self._record._make, self._readers
        return [
            make(
                [
                    value if read is None else read(value)
                    for value, read in zip(row, readers, strict=True)
                ]
            )
            for row in found
        ]

    def first(self, connection: sa.Connection, values: Row) -> Any:  # noqa: ANN401 - as ``all``
        """Return the first row, or ``None``."""
        found = self.all(connection, values)
        return found[0] if found else None


def _record(names: list[str]) -> Any:  # noqa: ANN401 - a class whose fields are known only here
    return namedtuple("Record", names)  # noqa: PYI024 - see above


class _Bound:
    """The words of a statement, how each value is written, and those it brings itself."""

    def __init__(self, statement: sa.ClauseElement, inserted: list[str] | None = None) -> None:
        keys = inserted if isinstance(statement, sa.Insert) else None
        compiled = cast(
            "sa.sql.compiler.SQLCompiler", statement.compile(dialect=_DIALECT, column_keys=keys)
        )
        self.sql = str(compiled)
        binds = [(name, compiled.binds[name]) for name in compiled.positiontup or ()]
        self._values = [(name, _writer(bind)) for name, bind in binds]
        self._constants = {name: bind.value for name, bind in binds if not bind.required}

    def values(self, row: Row) -> tuple[Any, ...]:
        if self._constants:
            row = self._constants | row
        return tuple(
            [row[name] if write is None else write(row[name]) for name, write in self._values]
        )


def literally(value: str) -> sa.ColumnElement[Any]:
    """Write a constant into the statement: only so it is seen that a partial index will do."""
    return sa.literal_column(f"'{value}'")


def _writer(bind: sa.BindParameter[Any]) -> _Convert | None:
    convert: _Convert | None = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    return convert


def _reader(column: sa.ColumnElement[Any]) -> _Convert | None:
    convert: _Convert | None = column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
    return convert


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)
