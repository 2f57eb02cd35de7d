"""Keys of the database, where other machines can reach Habar and nothing else keeps them out."""

from collections.abc import Iterator

import sqlalchemy as sa

from adapters.persistence.tables import api_keys
from entrypoints.doctor.finding import Finding, problem


def check_keys(
    connection: sa.Connection, unprotected: str | None, schema: str | None = None
) -> Iterator[Finding]:
    """Tell that Habar would not start, where it would not.

    Args:
        connection: to the database.
        unprotected: why it needs a key, in words; ``None`` where it needs none.
        schema: where its tables are.
    """
    if unprotected is None:
        return
    if not sa.inspect(connection).has_table(api_keys.name, schema=schema):
        yield no_key(unprotected)
        return
    mapped = connection.execution_options(schema_translate_map={None: schema})
    if mapped.scalar(sa.select(api_keys.c.id).limit(1)) is None:
        yield no_key(unprotected)


def no_key(unprotected: str) -> Finding:
    """Tell that there is none."""
    return problem("access", unprotected, "Give callers a key, or have HTTP_HOST name 127.0.0.1.")
