"""The database as a whole: brought up to date, opened, watched, closed."""

import asyncio
from typing import Protocol

import sqlalchemy as sa

from adapters.persistence.checkpoint import Checkpointer
from adapters.persistence.engines import DatabaseTarget, Engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.migrate import migrate, told_as_problem, version_table
from adapters.persistence.migrations import HEAD
from adapters.persistence.single_process import SingleProcess
from adapters.persistence.transactions import AWAY
from application.errors import SettingsError

_ANSWER_S = 2.0


class Lookup(Protocol):
    """What has a connection of its own to read with."""

    async def close(self) -> None:
        """Give the connection back."""
        ...


class SqlStorage:
    """Opens and closes everything that belongs to the database, in the right order."""

    def __init__(
        self,
        target: DatabaseTarget,
        engines: Engines,
        commits: GroupCommit,
        *lookups: Lookup,
    ) -> None:
        self._target = target
        self._engines = engines
        self._commits = commits
        self._lookups = lookups
        path = target.sqlite_path
        self._process = None if path is None else SingleProcess(path)
        self._checkpointer = None if path is None else Checkpointer(path)

    async def open(self) -> None:
        """Make the database ready; see ``Storage.open``."""
        with told_as_problem(self._target):
            if self._process is not None:
                self._process.acquire()
            await asyncio.to_thread(migrate, self._target)
            await self._check_durability()
        if self._checkpointer is not None:
            self._checkpointer.start()

    async def close(self) -> None:
        """Write what waits, then close; see ``Storage.close``."""
        await self._commits.close()
        for lookup in self._lookups:
            await lookup.close()
        if self._checkpointer is not None:
            await self._checkpointer.close()
        await self._engines.reader.dispose()
        if self._process is not None:
            self._process.release()

    async def problem(self) -> str | None:
        """Say what keeps the database from serving; see ``Storage.problem``."""
        try:
            async with asyncio.timeout(_ANSWER_S), self._engines.reader.connect() as connection:
                version = await connection.scalar(sa.select(version_table.c.version_num))
        except (*AWAY, sa.exc.ProgrammingError) as error:
            return f"the database does not answer: {type(error).__name__}"
        return None if version == HEAD else f"the database is at revision {version}, not {HEAD}"

    async def _check_durability(self) -> None:
        """Refuse a database that may forget what it said was written."""
        if self._target.sqlite_path is not None:
            setting = "PRAGMA synchronous"
            value = await self._engines.writer.run(lambda c: c.exec_driver_sql(setting).scalar())
        else:
            setting = "SHOW synchronous_commit"
            async with self._engines.reader.connect() as connection:
                value = (await connection.exec_driver_sql(setting)).scalar()
        if value in {0, 1, "off", "local"}:
            problem = f"{setting} is {value}; an accepted message could be lost"
            raise SettingsError([f"{self._target.setting}: {problem}"])
