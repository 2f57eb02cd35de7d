"""Group commit: everything that waits shares one transaction, and so one disk flush.

A batch is never waited for: whatever has gathered while the last transaction ran is the next one.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from itertools import accumulate
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from adapters.persistence.transactions import Transactions
from application.errors import StorageUnavailableError
from application.ports.telemetry import SILENT, Telemetry

Item = TypeVar("Item")
Result = TypeVar("Result")
Batch = Callable[[sa.Connection, Sequence[Item]], Sequence[Result]]
"""Does one kind of thing for many callers at once: a result for each item, in order."""

MAX_BATCH = 256
MAX_WEIGHT = 256
"""About as many rows; more would keep the connection busy for longer than others like to wait."""


class TryAloneError(Exception):
    """Raised by a batch that cannot tell its items apart: each is tried again alone."""


class _Waiting(Generic[Item, Result]):
    """One item of one caller."""

    __slots__ = ("batch", "future", "item", "weight")

    def __init__(self, batch: Batch[Item, Result], item: Item, weight: int) -> None:
        self.batch = batch
        self.item = item
        self.weight = weight
        self.future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def resolve(self, result: Result) -> None:
        if not self.future.done():  # a caller may have gone away; its item was written all the same
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class GroupCommit:
    """Runs batches one transaction at a time, in the order of their arrival."""

    def __init__(self, transactions: Transactions, telemetry: Telemetry = SILENT) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._queue: list[_Waiting[Any, Any]] = []
        self._runner: asyncio.Task[None] | None = None
        self._pausing: list[asyncio.Future[None]] = []

    async def run(self, batch: Batch[Item, Result], item: Item, weight: int = 1) -> Result:
        """Have an item handled with all others that wait; its transaction is durable on return.

        An item that fails fails alone: its neighbours are tried again without it.

        Args:
            batch: what is done.
            item: what it is done with.
            weight: rows, about; what weighs much has few neighbours.

        Raises:
            StorageUnavailableError: the database is away.
        """
        waiting = _Waiting(batch, item, weight)
        self._queue.append(waiting)
        if self._runner is None or self._runner.done():
            # It works for everybody who comes meanwhile: not in the name of who came first.
            self._runner = asyncio.create_task(self._drain(), context=Context())
        return await waiting.future

    async def pause(self) -> None:
        """Wait for the transaction that is under way, if there is one.

        Python runs one thread at a time: beside a loop that computes without a pause, a
        transaction on a thread takes a hundred times as long.
        """
        if self._runner is None or self._runner.done():
            await asyncio.sleep(0)
            return
        over = asyncio.get_running_loop().create_future()
        self._pausing.append(over)
        await over

    async def close(self) -> None:
        """Finish what waits, then close the connection."""
        if self._runner is not None:
            await self._runner
        await self._transactions.close()

    async def _drain(self) -> None:
        while self._queue:
            size = _size(self._queue)
            group, self._queue = self._queue[:size], self._queue[size:]
            await self._commit(group)
            pausing, self._pausing = self._pausing, []
            for over in pausing:
                if not over.done():
                    over.set_result(None)

    async def _commit(self, group: Sequence[_Waiting[Any, Any]]) -> None:
        try:
            results = await self._transactions.run(_Group(group))
        except StorageUnavailableError as error:
            for waiting in group:
                waiting.fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is its caller's to see
            if len(group) == 1:
                group[0].fail(error)
                return
            for waiting in group:
                await self._commit([waiting])
        else:
            self._telemetry.committed(len(group))
            for waiting, result in results:
                waiting.resolve(result)


def _size(queue: Sequence[_Waiting[Any, Any]]) -> int:
    """Count those who go together: the first one, and all that are not too much with it."""
    weights = accumulate(waiting.weight for waiting in queue[:MAX_BATCH])
    return max(1, sum(weight <= MAX_WEIGHT for weight in weights))


class _Group:
    """The work of one transaction: every kind of batch once, with all its items."""

    def __init__(self, group: Sequence[_Waiting[Any, Any]]) -> None:
        self._kinds: dict[Batch[Any, Any], list[_Waiting[Any, Any]]] = {}
        for waiting in group:
            self._kinds.setdefault(waiting.batch, []).append(waiting)

    def __call__(self, connection: sa.Connection) -> list[tuple[_Waiting[Any, Any], Any]]:
        results: list[tuple[_Waiting[Any, Any], Any]] = []
        for batch, members in self._kinds.items():
            done = batch(connection, [member.item for member in members])
            results += zip(members, done, strict=True)
        return results
