"""Statements that are run with many rows at once."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

Row = dict[str, Any]
_Convert = Callable[[Any], Any]


class BulkStatement:
    """An insert or an update, compiled once.

    SQLAlchemy prepares the values of every row anew; on SQLite, where a row costs next to nothing,
    that was half of what a message cost to store. There the driver gets plain tuples. On PostgreSQL
    the schema is filled in by SQLAlchemy, statement by statement.
    """

    def __init__(self, statement: sa.Insert | sa.Update) -> None:
        """Prepare a statement in which every value is a bound parameter."""
        self._statement = statement
        self._sqlite: _Compiled | None = None

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> int:
        """Run it with every row, all with the same keys; return how many rows it touched."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, rows).rowcount
        if self._sqlite is None:
            self._sqlite = _Compiled(self._statement, list(rows[0]), connection.dialect)
        return self._sqlite.run(connection, rows)


class _Compiled:
    """The words of a statement, and how each value is written."""

    def __init__(
        self, statement: sa.Insert | sa.Update, keys: list[str], dialect: sa.Dialect
    ) -> None:
        inserted = keys if isinstance(statement, sa.Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=inserted)
        self._sql = str(compiled)
        self._values = [
            (name, _converter(compiled.binds[name], dialect)) for name in compiled.positiontup or ()
        ]

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> int:
        values = self._values
        tuples = [
            tuple(
                [row[name] if convert is None else convert(row[name]) for name, convert in values]
            )
            for row in rows
        ]
        return connection.exec_driver_sql(self._sql, tuples).rowcount


def _converter(bind: sa.BindParameter[Any], dialect: sa.Dialect) -> _Convert | None:
    convert: _Convert | None = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return convert
