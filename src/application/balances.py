"""What money is left with the providers, looked at now and then, and written down."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from application.loops import for_ever
from application.ports.balances import BalanceLog, Sample
from application.ports.providers import BalanceSource
from application.ports.system import Clock
from application.ports.telemetry import Telemetry
from application.routing import Carrier
from domain.lookup import Balance

EVERY_S = 300.0
KEPT = timedelta(days=2)


class WatchBalances:
    """Asks every provider that can be asked, and tells what it said."""

    def __init__(
        self, carriers: Sequence[Carrier], telemetry: Telemetry, log: BalanceLog, clock: Clock
    ) -> None:
        self._log = log
        self._clock = clock
        self._sources = {c.code: c.balance for c in carriers if c.balance is not None}
        self._telemetry = telemetry

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "balances")

    async def once(self) -> float:
        """Ask all of them; return in how many seconds to do it again."""
        asked = (self._ask(code, source) for code, source in self._sources.items())
        # One that fails in a way nobody foresaw is told about only after all the others.
        for error in await asyncio.gather(*asked, return_exceptions=True):
            if error is not None:
                raise error
        await self._log.forget(self._clock.now() - KEPT)
        return EVERY_S

    async def _ask(self, code: str, source: BalanceSource) -> None:
        said = await source.balance()
        self._telemetry.asked(code, said if isinstance(said, Balance) else None)
        if isinstance(said, Balance):
            await self._log.add(Sample(code, self._clock.now(), said))
