"""``habar migrate``."""

import rich_click as click


@click.command()
def migrate() -> None:
    """Create or upgrade the database, then exit; serve does the same when it starts.

    Example: habar migrate
    """
    from adapters.persistence.migrate import migrate as run  # noqa: PLC0415
    from adapters.persistence.migrate import told_as_problem  # noqa: PLC0415
    from adapters.persistence.migrations import HEAD  # noqa: PLC0415
    from adapters.persistence.single_process import SingleProcess  # noqa: PLC0415
    from entrypoints.asgi import load_settings  # noqa: PLC0415
    from entrypoints.checks import database_target  # noqa: PLC0415

    target = database_target(load_settings())
    with told_as_problem(target):
        if target.sqlite_path is not None:
            SingleProcess(target.sqlite_path).acquire()
        run(target)
    click.echo(f"The database is at revision {HEAD}.")
