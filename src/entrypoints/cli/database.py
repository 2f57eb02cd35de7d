"""Commands that work on the database itself, also beside a server that is running."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from adapters.persistence.migrate import migrate, require_file, told_as_problem
from adapters.persistence.single_process import SingleProcess
from application.errors import SettingsError
from entrypoints.asgi import read_environment
from entrypoints.checks import database_problems
from entrypoints.container import Container

Result = TypeVar("Result")


def run_on_database(
    work: Callable[[Container], Coroutine[Any, Any, Result]], *, create: bool = False
) -> Result:
    """Run work on a container of the settings in the environment, and close its database.

    Only the settings that say where the database is need to be right. One that is out of date is
    brought up to date first.

    Args:
        work: what is done.
        create: a database that is missing is made.

    Raises:
        SettingsError: the database is missing or cannot be opened; it says why.
        StorageUnavailableError: the database is away.
    """
    settings = read_environment()
    if problems := list(database_problems(settings)):
        raise SettingsError(problems)
    container = Container(settings=settings)
    if not create:
        with told_as_problem(container.target()):
            require_file(container.target())
    return asyncio.run(_run(container, work, create=create))


async def _run(
    container: Container,
    work: Callable[[Container], Coroutine[Any, Any, Result]],
    *,
    create: bool,
) -> Result:
    try:
        if await container.storage().problem() is not None:
            _bring_up_to_date(container, create=create)
        return await work(container)
    finally:
        await container.storage().close()


def _bring_up_to_date(container: Container, *, create: bool) -> None:
    """Do what ``habar migrate`` does; on SQLite no server may be running meanwhile."""
    target = container.target()
    process = None if target.sqlite_path is None else SingleProcess(target.sqlite_path)
    with told_as_problem(target):
        if process is not None:
            process.acquire()
        migrate(target, create=create)
    if process is not None:
        process.release()
