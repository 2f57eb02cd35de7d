"""Inserts that may meet a row that is there already: both databases can say what is done then."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Begin such a statement, for the database of a connection."""
    on_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert(table) if on_sqlite else postgresql.insert(table)


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """Begin one that leaves alone what is there."""
    return insert_into(connection, table).on_conflict_do_nothing()
