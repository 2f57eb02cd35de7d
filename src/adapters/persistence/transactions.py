"""One connection that writes: transactions one after another, each durable on return."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from application.errors import StorageUnavailableError

Result = TypeVar("Result")
Work = Callable[[sa.Connection], Result]
TIMEOUT_S = 15.0
AWAY = (
    sa.exc.OperationalError,
    sqlite3.OperationalError,  # of a statement that goes past SQLAlchemy
    sa.exc.InterfaceError,
    sa.exc.InternalError,  # the server has turned read-only, for one
    sa.exc.TimeoutError,  # no connection became free in time; it is no ``TimeoutError``
    OSError,
    TimeoutError,
)


class Transactions(Protocol):
    """A connection of its own, opened when it is first needed and again after it broke."""

    async def run(self, work: Work[Result]) -> Result:
        """Run work in a transaction, and commit it.

        Raises:
            StorageUnavailableError: the database is away; whether it committed is not known.
        """
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


class AsyncTransactions:
    """On an asynchronous driver: PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def run(self, work: Work[Result]) -> Result:
        """Run work in a transaction; see ``Transactions.run``."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                if self._connection is None:
                    self._connection = await self._engine.connect()
                async with self._connection.begin():
                    return await self._connection.run_sync(work)
        except AWAY as error:
            await self._abandon()
            raise away(error) from None

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _abandon(self) -> None:
        """Throw a connection away of which nothing is known."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                await connection.invalidate()
            await connection.close()


class ThreadTransactions:
    """On a thread of its own: SQLite.

    A transaction is one trip to the thread, where the asynchronous driver makes three for every
    statement; these trips were most of what a small batch cost.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="habar-writer")
        self._connection: sa.Connection | None = None

    async def run(self, work: Work[Result]) -> Result:
        """Run work in a transaction; see ``Transactions.run``."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._run, work)
        except AWAY as error:
            raise away(error) from None

    async def close(self) -> None:
        """Give the connection back and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _run(self, work: Work[Result]) -> Result:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                return work(self._connection)
        except AWAY:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._engine.dispose()


def away(error: Exception) -> StorageUnavailableError:
    """Name the failure without its text, which may carry the address and the values."""
    cause = getattr(error, "orig", None) or error
    return StorageUnavailableError(f"database: {type(cause).__name__}")
