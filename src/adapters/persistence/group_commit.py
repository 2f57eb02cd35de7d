"""Group commit: everything that waits shares one transaction, and so one disk flush.

A batch is never waited for: whatever has gathered while the last transaction ran is the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from application.errors import StorageUnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")
Batch = Callable[[AsyncConnection, Sequence[Item]], Awaitable[Sequence[Result]]]
"""Does one kind of thing for many callers at once: a result for each item, in order."""

MAX_BATCH = 256
TRANSACTION_TIMEOUT_S = 15.0
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, TimeoutError)


class TryAloneError(Exception):
    """Raised by a batch that cannot tell its items apart: each is tried again alone."""


class _Waiting(Generic[Item, Result]):
    """One item of one caller."""

    __slots__ = ("batch", "future", "item")

    def __init__(self, batch: Batch[Item, Result], item: Item) -> None:
        self.batch = batch
        self.item = item
        self.future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def resolve(self, result: Result) -> None:
        if not self.future.done():  # a caller may have gone away; its item was written all the same
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class GroupCommit:
    """Runs batches on one connection, one transaction at a time, in the order of arrival."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._queue: list[_Waiting[Any, Any]] = []
        self._runner: asyncio.Task[None] | None = None
        self._connection: AsyncConnection | None = None

    async def run(self, batch: Batch[Item, Result], item: Item) -> Result:
        """Have an item handled with all others that wait; its transaction is durable on return.

        An item that fails fails alone: its neighbours are tried again without it.

        Raises:
            StorageUnavailableError: the database is away, or its transaction did not end in time.
        """
        waiting = _Waiting(batch, item)
        self._queue.append(waiting)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._drain())
        return await waiting.future

    async def close(self) -> None:
        """Finish what waits and give the connection back."""
        if self._runner is not None:
            await self._runner
        await self._disconnect()

    async def _drain(self) -> None:
        while self._queue:
            group, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            await self._commit(group)

    async def _commit(self, group: Sequence[_Waiting[Any, Any]]) -> None:
        try:
            results = await self._transaction(group)
        except AWAY as error:
            await self._disconnect()
            for waiting in group:
                waiting.fail(away(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is its caller's to see
            if len(group) == 1:
                group[0].fail(error)
                return
            for waiting in group:
                await self._commit([waiting])
        else:
            for waiting, result in results:
                waiting.resolve(result)

    async def _transaction(
        self, group: Sequence[_Waiting[Any, Any]]
    ) -> list[tuple[_Waiting[Any, Any], Any]]:
        kinds: dict[Batch[Any, Any], list[_Waiting[Any, Any]]] = {}
        for waiting in group:
            kinds.setdefault(waiting.batch, []).append(waiting)
        results: list[tuple[_Waiting[Any, Any], Any]] = []
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S):
            connection = await self._connect()
            async with connection.begin():
                for batch, members in kinds.items():
                    done = await batch(connection, [member.item for member in members])
                    results += zip(members, done, strict=True)
        return results

    async def _connect(self) -> AsyncConnection:
        """Keep one connection: taking one from the pool costs as much as a small batch."""
        if self._connection is None:
            self._connection = await self._engine.connect()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        async with AsyncExitStack() as stack:
            stack.push_async_callback(connection.close)
            if connection.in_transaction():
                await connection.invalidate()


def away(error: Exception) -> StorageUnavailableError:
    """Name the failure without its text, which may carry the address and the values."""
    cause = getattr(error, "orig", None) or error
    away = StorageUnavailableError(f"database: {type(cause).__name__}")
    away.__cause__ = None
    return away
