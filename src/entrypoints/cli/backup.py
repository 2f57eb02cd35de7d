"""``habar backup``, ``habar restore`` and ``habar hold``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from entrypoints.cli.output import as_json, print_json

if TYPE_CHECKING:
    from adapters.persistence.engines import DatabaseTarget
    from adapters.persistence.restored import Held

_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_SURE = "Messages that wait are put in doubt: looked up, and not sent. Was {} restored just now?"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def backup(file: Path, *, json_wanted: bool) -> None:
    """Copy the SQLite database to FILE, also while it is being served.

    An older FILE is replaced when the new one is complete. Only habar restore brings a copy back:
    what waits in it may have been sent since. PostgreSQL is backed up with pg_dump.

    Example: habar backup backups/habar.db
    """
    from adapters.persistence.backup import back_up  # noqa: PLC0415

    with _told():
        back_up(_sqlite_file("pg_dump"), file)
        size = file.stat().st_size
    _say(json_wanted, f"{file}: {size} bytes, checked.", file=str(file), bytes=size)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def restore(file: Path, *, json_wanted: bool) -> None:
    """Put FILE, a copy made by habar backup, in the place of the SQLite database.

    Only while nothing is served. Messages that waited or were being sent when the copy was made
    are put in doubt, as they may have been sent since: their provider is asked, and they are not
    sent again. The former database is kept beside it.

    Example: habar restore backups/habar.db
    """
    from adapters.persistence.backup import copy_of, keep_aside, placed_at  # noqa: PLC0415
    from adapters.persistence.single_process import SingleProcess  # noqa: PLC0415

    path = _sqlite_file("pg_restore, then habar hold")
    with _told():
        SingleProcess(path).acquire()
        with placed_at(path) as copy:
            copy_of(file, copy)
            held = _hold(_at(copy))
            former = keep_aside(path)
    kept = "" if former is None else f" The former database is {former}."
    _report(json_wanted, held, kept, former=None if former is None else str(former))


@click.command()
@_yes
@as_json
def hold(*, yes: bool, json_wanted: bool) -> None:
    """After a restore: put every message in doubt that may have been sent since the backup.

    For a PostgreSQL database brought back with pg_restore or to a point in time, and for any other
    copy of a database, before it is served. Messages scheduled for later stay as they are.

    Example: habar hold --yes
    """
    from adapters.persistence.single_process import SingleProcess  # noqa: PLC0415

    target = _target()
    if not yes:
        click.confirm(_SURE.format(target.url.render_as_string()), abort=True, err=True)
    with _told():
        if target.sqlite_path is not None:
            _require(target.sqlite_path)
            SingleProcess(target.sqlite_path).acquire()
        held = _hold(target)
    _report(json_wanted, held)


def _hold(target: "DatabaseTarget") -> "Held":
    from adapters.persistence.migrate import told_as_problem  # noqa: PLC0415
    from adapters.persistence.restored import hold as put_in_doubt  # noqa: PLC0415
    from entrypoints.asgi import load_settings  # noqa: PLC0415

    with told_as_problem(target):
        return put_in_doubt(target, announced=load_settings().announced)


def _target() -> "DatabaseTarget":
    from entrypoints.asgi import load_settings  # noqa: PLC0415
    from entrypoints.checks import database_target  # noqa: PLC0415

    return database_target(load_settings())


def _at(path: Path) -> "DatabaseTarget":
    import sqlalchemy as sa  # noqa: PLC0415

    from adapters.persistence.engines import DatabaseTarget  # noqa: PLC0415

    url = sa.URL.create("sqlite", database=str(path))
    return DatabaseTarget(url=url, admin_url=url)


def _sqlite_file(instead: str) -> Path:
    path = _target().sqlite_path
    if path is None:
        raise click.ClickException(f"this is for SQLite; on PostgreSQL use {instead}")
    return path


def _require(path: Path) -> None:
    if not path.exists():
        raise click.ClickException(f"{path}: there is no such database")


@contextmanager
def _told() -> Iterator[None]:
    """Say what went wrong without a traceback."""
    from adapters.persistence.backup import BackupError  # noqa: PLC0415
    from adapters.persistence.restored import DatabaseInUseError  # noqa: PLC0415

    try:
        yield
    except (BackupError, DatabaseInUseError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _report(json_wanted: bool, held: "Held", more: str = "", **fields: object) -> None:  # noqa: FBT001 - the flag
    text = (
        f"{held.in_doubt} messages may have been sent since and are in doubt; "
        f"{held.scheduled} are scheduled for later.{more}"
    )
    _say(json_wanted, text, in_doubt=held.in_doubt, scheduled=held.scheduled, **fields)


def _say(json_wanted: bool, text: str, **fields: object) -> None:  # noqa: FBT001 - the flag
    if json_wanted:
        print_json(fields)
    else:
        click.echo(text)
