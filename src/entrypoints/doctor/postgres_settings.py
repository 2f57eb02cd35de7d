"""Settings of a PostgreSQL server, of a database or of a role, as Habar's connections get them.

They are read, never set, by the connection that asks: what it sees is what a server process sees.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from entrypoints.doctor.finding import Finding, ok, problem

_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply"),
}
_SETTING = sa.text("SELECT setting, source FROM pg_settings WHERE name = :name")
_HERE = sa.text("SELECT quote_ident(current_database()), quote_ident(current_user)")


def check_durability(connection: sa.Connection, setting: str) -> Iterator[Finding]:
    """Tell whether what was committed is on disk.

    Args:
        connection: opened as those of the service are.
        setting: the one that says where the database is.
    """
    wrong = False
    for name, durable in _DURABLE.items():
        value, source = _read(connection, name)
        if value not in durable:
            wrong = True
            text = f"{name} is {value}, set by the {source}: an accepted message could be lost"
            yield problem("durability", text, _fix(connection, name, source, setting, "on"))
    if not wrong:
        yield ok("durability", f"{', '.join(_DURABLE)} are on")


def check_read_only(connection: sa.Connection, setting: str) -> Iterator[Finding]:
    """Tell whether transactions may write; see ``check_durability``."""
    name = "default_transaction_read_only"
    value, source = _read(connection, name)
    if value != "off":
        text = f"{name} is {value}, set by the {source}: no message can be taken"
        yield problem("database", text, _fix(connection, name, source, setting, "off"))


def _read(connection: sa.Connection, name: str) -> tuple[str, str]:
    value, source = connection.execute(_SETTING, {"name": name}).one()
    return value, source


def _fix(connection: sa.Connection, name: str, source: str, setting: str, good: str) -> str:
    """Say where it has to be set right.

    Source: PostgreSQL manual, ``pg_settings.source``; the catalogue has no list of its values.
    """
    database, role = connection.execute(_HERE).one()
    places = {
        "database": f"ALTER DATABASE {database} RESET {name}",
        "user": f"ALTER ROLE {role} RESET {name}",
        "database user": f"ALTER ROLE {role} IN DATABASE {database} RESET {name}",
        "configuration file": f"ALTER SYSTEM SET {name} = {good}, then SELECT pg_reload_conf()",
    }
    if source in places:
        return f"Run {places[source]}, and restart Habar."
    if source == "command line":
        return f"Start the server without -c {name}."
    if source == "client":
        return f"Take {name} out of {setting} and PGOPTIONS, and restart Habar."
    return f"Set {name} = {good} for the server, and restart Habar."
