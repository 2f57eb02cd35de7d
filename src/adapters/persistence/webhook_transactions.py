"""Short transactions for webhooks, which come beside everything else."""

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.transactions import AWAY, TIMEOUT_S, Result, Work, away

AT_ONCE = 2
"""Of the pool's connections; the others are for those somebody waits for."""


class ShortTransactions:
    """Runs work in a transaction: on SQLite the one writer's, on PostgreSQL one of its own.

    There, shared with other work, a transaction would hold locks on rows of both.
    """

    def __init__(self, commits: GroupCommit, engine: AsyncEngine) -> None:
        self._commits = commits
        self._engine = engine
        self._places = asyncio.Semaphore(AT_ONCE)

    @property
    def on_sqlite(self) -> bool:
        """Tell which of the two it is."""
        return self._engine.dialect.name == "sqlite"

    async def run(self, work: Work[Result]) -> Result:
        """Run work; durable on return.

        Raises:
            StorageUnavailableError: the database is away; whether it committed is not known.
        """
        if self.on_sqlite:
            return await self._commits.run(_each, work)
        try:
            async with self._places, asyncio.timeout(TIMEOUT_S), self._engine.begin() as connection:
                return await connection.run_sync(work)
        except AWAY as error:
            raise away(error) from None

    async def glance(self, work: Work[Result]) -> Result:
        """Run work that reads a few rows, and is done again and again.

        On SQLite that is one trip to the writer's thread, where a reader makes five.

        Raises:
            StorageUnavailableError: the database is away.
        """
        return await (self.run(work) if self.on_sqlite else self.look(work))

    async def look(self, work: Work[Result]) -> Result:
        """Run work that only reads.

        Raises:
            StorageUnavailableError: the database is away.
        """
        try:
            async with asyncio.timeout(TIMEOUT_S), self._engine.connect() as connection:
                return await connection.run_sync(work)
        except AWAY as error:
            raise away(error) from None


def _each(connection: sa.Connection, works: Sequence[Work[Any]]) -> Sequence[Any]:
    return [work(connection) for work in works]
