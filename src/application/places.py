"""The submissions one provider takes at once."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.terms import Priority


class Places:
    """So many places; one that becomes free goes to the most urgent who waits, then the first.

    Attributes:
        count: all of them.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    async def take(self, priority: Priority) -> None:
        """Wait for a place, and take it."""
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._arrivals), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # given and given up in the same moment
                self.free(1)
            raise

    def take_free(self, most: int) -> int:
        """Take what is free now, up to ``most``; return how many."""
        taken = min(self._free, most)
        self._free -= taken
        return taken

    def free(self, count: int) -> None:
        """Give places back."""
        for _ in range(count):
            while self._waiting:
                _, _, place = heapq.heappop(self._waiting)
                if not place.done():
                    place.set_result(None)
                    break
            else:
                self._free += 1

    @asynccontextmanager
    async def one(self, priority: Priority) -> AsyncIterator[None]:
        """Hold a place for as long as the block lasts."""
        await self.take(priority)
        try:
            yield
        finally:
            self.free(1)
