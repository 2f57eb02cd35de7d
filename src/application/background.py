"""Everything that runs without being asked to, and how all of it ends."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from application.attempts import Attempts
from application.pump import Pump
from application.reconciler import Reconciler
from application.settler import Settler
from application.upkeep import Upkeep

CUT_OFF_SHARE = 0.7
"""After this share of the time to stop, providers that have not answered are left."""
LAST_WORD_S = 1.0
"""For settlements that could not be written."""


class Loop(Protocol):
    """What goes on beside the sending, until it is cancelled; that may be at any moment."""

    async def run(self) -> None:
        """Go on until cancelled."""
        ...


class Background:
    """Pumps, look-ups, upkeep and other loops of this process, from start to stop.

    Attributes:
        stopping: nothing new is begun any more.
    """

    def __init__(  # noqa: PLR0913 - all that runs
        self,
        pumps: Sequence[Pump],
        reconcilers: Sequence[Reconciler],
        upkeep: Upkeep,
        attempts: Attempts,
        settler: Settler,
        *,
        stop_within_s: float,
        loops: Sequence[Loop] = (),
    ) -> None:
        self._pumps = pumps
        self._reconcilers = reconcilers
        self._upkeep = upkeep
        self._attempts = attempts
        self._settler = settler
        self._stop_within_s = stop_within_s
        self._loops = loops
        self._tasks: list[asyncio.Task[None]] = []
        self._cut_off: asyncio.TimerHandle | None = None
        self.stopping = False

    async def start(self) -> None:
        """Take over what an earlier start has left, then begin."""
        await self._upkeep.once()
        loops: list[Loop] = [self._upkeep, *self._reconcilers, *self._loops]
        self._tasks = [asyncio.create_task(loop.run()) for loop in loops]
        for pump in self._pumps:
            pump.start()

    def stop(self) -> None:
        """Begin nothing new; what is under way has some time left."""
        if self.stopping:
            return
        self.stopping = True
        for pump in self._pumps:
            pump.stop()
        self._cut_off = asyncio.get_running_loop().call_later(
            self._stop_within_s * CUT_OFF_SHARE, self._attempts.cut_off
        )

    async def close(self) -> None:
        """Wait for what is under way, and end."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(pump.close() for pump in self._pumps))
        if self._cut_off is not None:
            self._cut_off.cancel()
        await self._settler.close(LAST_WORD_S)
