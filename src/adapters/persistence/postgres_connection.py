"""A PostgreSQL connection on which every statement is a transaction of its own.

An explicit transaction is two round trips more, during which locks are held: it cost four times
what the statement did.
"""

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.transactions import AsyncTransactions, Result, Work

Parameters = dict[str, Any]


class RefusedError(Exception):
    """The database refused a statement; told without its text, which may carry the values."""


class Autocommit(AsyncTransactions):
    """A connection of its own, opened when it is first needed and again after it broke.

    Work that runs more than one statement is not undone as a whole.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine.execution_options(isolation_level="AUTOCOMMIT"))

    async def run(self, work: Work[Result]) -> Result:
        """Run work; see ``Transactions.run``.

        Raises:
            StorageUnavailableError: the database is away; what was done is not known.
            RefusedError: the statement broke a rule of the database.
        """
        try:
            return await super().run(work)
        except sa.exc.DBAPIError as error:
            raise RefusedError(f"database: {type(error.orig).__name__}") from None


class OneByOne:
    """Lets callers use a connection one after another.

    A caller that goes away does not take the statement along: it ends as it would have ended.
    """

    def __init__(self, connection: Autocommit) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def run(self, work: Work[Result]) -> Result:
        """Run work when it is its turn; see ``Autocommit.run``."""
        return await asyncio.shield(asyncio.ensure_future(self._run(work)))

    async def rows(self, statement: str, parameters: Parameters) -> list[sa.Row[Any]]:
        """Run a statement and return its rows."""
        return await self.run(lambda connection: rows(connection, statement, parameters))

    async def close(self) -> None:
        """Give the connection back once the last statement has ended."""
        async with self._turn:
            await self._connection.close()

    async def _run(self, work: Work[Result]) -> Result:
        async with self._turn:
            return await self._connection.run(work)


def rows(connection: sa.Connection, statement: str, parameters: Parameters) -> list[sa.Row[Any]]:
    """Run a statement and return its rows."""
    return list(connection.exec_driver_sql(statement, parameters))
