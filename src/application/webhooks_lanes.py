"""Who is being posted to and who is next; each host has places of its own."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable

from application.ports.webhooks import DueAddress, Places
from application.webhooks_addresses import WebhookAddresses

HOST_LANES = 16
"""Addresses of one host that requests named; they may be a new one each time."""
Work = Callable[[DueAddress], Coroutine[None, None, None]]


class Lanes:
    """Has every address worked on once at a time, as its host has a place for it.

    The deployment's own addresses never wait. The others of a host wait in a line of its own; while
    it is not empty, nothing more is wanted of that host.
    """

    def __init__(self, addresses: WebhookAddresses, work: Work, ready: asyncio.Event) -> None:
        """Work on addresses.

        Args:
            addresses: which ones there may be.
            work: on one of them.
            ready: set when a host's line has become empty: more may be due.
        """
        self._own = frozenset(addresses.urls)
        self._work = work
        self._ready = ready
        self._running: dict[str, asyncio.Task[None]] = {}
        self._lines: dict[str, deque[DueAddress]] = {
            host: deque() for host in sorted(addresses.small_hosts)
        }
        self._busy: Counter[str] = Counter()

    @property
    def all(self) -> Places:
        """Return where something may be posted at all."""
        return Places(urls=self._own, hosts=self._lines)

    def wanted(self) -> Places:
        """Return of whom it is not known yet whether something is due."""
        return Places(
            urls=[url for url in self._own if url not in self._running],
            hosts=[host for host, line in self._lines.items() if not line],
            without=[*self._running],
        )

    def add(self, addresses: Iterable[DueAddress]) -> None:
        """Begin with addresses that were wanted, or put them in line."""
        for address in addresses:
            if address.url in self._own:
                self._begin(address, None)
            else:
                self._lines[address.host].append(address)
                self._fill(address.host)

    async def drained(self) -> None:
        """Wait until nobody is worked on."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def close(self) -> None:
        """Break everything off."""
        for line in self._lines.values():
            line.clear()
        running = [*self._running.values()]
        for lane in running:
            lane.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _fill(self, host: str) -> None:
        line = self._lines[host]
        while line and self._busy[host] < HOST_LANES:
            self._busy[host] += 1
            self._begin(line.popleft(), host)

    def _begin(self, address: DueAddress, host: str | None) -> None:
        lane = asyncio.create_task(self._work(address))
        self._running[address.url] = lane
        lane.add_done_callback(lambda _: self._ended(address.url, host))

    def _ended(self, url: str, host: str | None) -> None:
        del self._running[url]
        if host is None:
            return
        self._busy[host] -= 1
        line = self._lines[host]
        waited = bool(line)
        self._fill(host)
        if waited and not line:
            self._ready.set()
