"""How far the database has been migrated."""

import sqlalchemy as sa

from adapters.persistence.migrate import version_table
from adapters.persistence.migrations import HEAD, VERSION_TABLE
from entrypoints.doctor.finding import Finding, ok, problem, warning


def find_revision(connection: sa.Connection, schema: str | None = None) -> str | None:
    """Read the revision; ``None`` where Habar has never been."""
    if not sa.inspect(connection).has_table(VERSION_TABLE, schema=schema):
        return None
    mapped = connection.execution_options(schema_translate_map={None: schema})
    return mapped.scalar(sa.select(version_table.c.version_num))


def check_revision(revision: str | None) -> Finding:
    """Compare the database's revision with the one this program works with."""
    if revision is None:
        text = "there are no tables yet"
        return warning("migrations", text, "Nothing has to be done: habar serve makes them.")
    if revision == HEAD:
        return ok("migrations", f"revision {revision}, the newest")
    if revision > HEAD:
        text = f"revision {revision}, made by a newer Habar; this one knows {HEAD}"
        fix = "Start the newer version, or restore the backup made before it."
        return problem("migrations", text, fix)
    text = f"revision {revision}; this program works with {HEAD}"
    return warning("migrations", text, "Run habar migrate, or start habar serve, which does it.")
