"""Settlements, written whatever happens: the provider has already acted."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from application.ports.outbox import Outbox, Settlement
from domain.message import Message, MessageStatus
from domain.outcome import RejectReason

PATIENCE_S = 2.0
"""A caller waits this long for a settlement; one who gives up first would send again."""
DELAYS_S = (0.5, 1.0, 2.0, 5.0)
Refused = Callable[[Message], Awaitable[None]]
_log = logging.getLogger(__name__)


class Settler:
    """Writes what attempts came to, and goes on trying where the database is away."""

    def __init__(self, outbox: Outbox, refused: Refused | None = None) -> None:
        """Write to ``outbox``.

        Args:
            outbox: where settlements go.
            refused: is told of messages whose recipients opted out, says the provider; it may be
                told several times.
        """
        self._outbox = outbox
        self._refused = refused
        self._later: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many settlements nobody waits for are not written yet."""
        return len(self._later)

    async def settle(self, settlement: Settlement) -> None:
        """Settle, and let the caller go when that takes too long or fails.

        Whatever happens here, the outcome is the answer: an error would be taken for "not sent".
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._once(settlement)
        except asyncio.CancelledError:
            self.settle_later(settlement)
            raise
        except Exception:  # noqa: BLE001 - see above; it is tried again and logged
            self.settle_later(settlement)

    def settle_later(self, settlement: Settlement) -> None:
        """Settle without anybody waiting for it."""
        task = asyncio.create_task(self._until_done(settlement))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def close(self, seconds: float) -> None:
        """Give settlements that could not be written a last chance."""
        if self._later:
            await asyncio.wait(self._later, timeout=seconds)
        for task in list(self._later):
            task.cancel()
            _log.error("a settlement was not written; its message will be looked up")

    async def _once(self, settlement: Settlement) -> None:
        if self._refused is not None and _opted_out(settlement.message):
            # First: once the message is settled nobody comes back to it.
            await self._refused(settlement.message)
        if not await self._outbox.settle(settlement):
            _log.warning("settlement fenced: message %s", settlement.message.id)

    async def _until_done(self, settlement: Settlement) -> None:
        """Try until it is written: until then the message stays ``sending``, which is true."""
        for delay_s in DELAYS_S:
            with suppress(Exception):  # whatever it is, nobody is left to hear of it
                await self._once(settlement)
                return
            await asyncio.sleep(delay_s)
        _log.error("not settled yet: message %s", settlement.message.id)
        while True:
            with suppress(Exception):  # see above
                await self._once(settlement)
                return
            await asyncio.sleep(DELAYS_S[-1])


def _opted_out(message: Message) -> bool:
    code = None if message.failure is None else message.failure.code
    return message.status is MessageStatus.REJECTED and code == RejectReason.OPTED_OUT
