"""Tables on a PostgreSQL server: may they be written into, and do they outlive a crash?"""

from collections.abc import Iterator

import sqlalchemy as sa

from adapters.persistence.tables import metadata
from entrypoints.doctor.finding import Finding, problem

_CLOSED = """
NOT (
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')
)
"""
_UNLOGGED = "c.relpersistence <> 'p'"


def check_rights(connection: sa.Connection, schema: str) -> Iterator[Finding]:
    """Tell whether every table may be written into."""
    if not (names := _tables(connection, schema, _CLOSED)):
        return
    role = connection.scalar(sa.text("SELECT quote_ident(current_user)"))
    fix = f"Run GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}, or make it their owner."
    yield problem("database", f"{role} may not write into {', '.join(names)}", fix)


def check_unlogged(connection: sa.Connection, schema: str) -> Iterator[Finding]:
    """Tell whether every table is in the log a server reads after a crash."""
    if names := _tables(connection, schema, _UNLOGGED):
        text = f"a crash of the server empties {', '.join(names)}"
        fix = "Run ALTER TABLE ... SET LOGGED for each, and restore what is missing."
        yield problem("durability", text, fix)


def _tables(connection: sa.Connection, schema: str, which: str) -> list[str]:
    query = sa.text(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "  # noqa: S608 - our own words
        "WHERE n.nspname = :schema AND c.relkind = 'r' AND c.relname = ANY(:names) "
        f"AND {which} ORDER BY c.relname"
    )
    names = {"schema": schema, "names": [table.name for table in metadata.sorted_tables]}
    return list(connection.scalars(query, names))
