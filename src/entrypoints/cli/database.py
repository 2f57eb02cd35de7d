"""Commands that work on the database itself, also beside a server that is running."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from adapters.persistence.migrate import migrate, told_as_problem
from adapters.persistence.single_process import SingleProcess
from application.errors import SettingsError
from entrypoints.asgi import read_environment
from entrypoints.checks import database_problems
from entrypoints.container import Container

Result = TypeVar("Result")


def run_on_database(work: Callable[[Container], Coroutine[Any, Any, Result]]) -> Result:
    """Run work on a container of the settings in the environment, and close its database.

    Only the settings that say where the database is need to be right. One that is missing or out
    of date is brought up to date first.

    Raises:
        SettingsError: the database cannot be found or opened; it says why.
        StorageUnavailableError: the database is away.
    """
    settings = read_environment()
    if problems := list(database_problems(settings)):
        raise SettingsError(problems)
    return asyncio.run(_run(Container(settings=settings), work))


async def _run(
    container: Container, work: Callable[[Container], Coroutine[Any, Any, Result]]
) -> Result:
    try:
        if await container.storage().problem() is not None:
            _bring_up_to_date(container)
        return await work(container)
    finally:
        await container.storage().close()


def _bring_up_to_date(container: Container) -> None:
    """Do what ``habar migrate`` does; on SQLite no server may be running meanwhile."""
    target = container.target()
    process = None if target.sqlite_path is None else SingleProcess(target.sqlite_path)
    with told_as_problem(target):
        if process is not None:
            process.acquire()
        migrate(target)
    if process is not None:
        process.release()
