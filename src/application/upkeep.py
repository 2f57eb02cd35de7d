"""What has to be looked after once a second, whoever sends what."""

import logging
from collections.abc import Mapping, Sequence

from application.breaker import Breakers
from application.loops import for_ever
from application.ports.outbox import Lane, Outbox
from domain.errors import QueueTooOldError
from domain.terms import Priority

EVERY_S = 1.0
_log = logging.getLogger(__name__)


class Upkeep:
    """Finds what dead processes have left, what is too late, and what goes another way now."""

    def __init__(
        self, outbox: Outbox, breakers: Breakers, providers: Sequence[str], *, max_age_s: float
    ) -> None:
        self._outbox = outbox
        self._breakers = breakers
        self._providers = providers
        self._max_age_s = max_age_s
        self._backlog: Mapping[Lane, float] = {}

    def check_age(self, provider: str, priority: Priority) -> None:
        """Refuse more messages for a lane that is hopelessly late.

        Raises:
            QueueTooOldError: it says how late.
        """
        age_s = self._backlog.get((provider, priority), 0.0)
        if age_s > self._max_age_s:
            raise QueueTooOldError(
                f"Messages to {provider} have been waiting for {age_s:.0f} s; nothing was accepted."
                " Try again later, or choose another provider."
            )

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "upkeep")

    def waiting(self, provider: str) -> bool:
        """Tell whether messages for a provider were due when it was last looked."""
        return any(code == provider for code, _ in self._backlog)

    def urgency(self, provider: str) -> Priority:
        """Return the most urgent lane in which messages were due, at least the usual one."""
        lanes = [lane for code, lane in self._backlog if code == provider]
        return min([*lanes, Priority.TRANSACTIONAL])

    async def once(self) -> float:
        """Do it all once; return in how many seconds to do it again."""
        try:
            await self._sweep()
            await self._breakers.refresh()
            await self._divert()
        finally:  # whatever fails before: this is the net under messages nobody rang for
            self._backlog = await self._outbox.backlog(self._providers)
        return EVERY_S

    async def _sweep(self) -> None:
        report = await self._outbox.sweep()
        if report.in_doubt:
            _log.warning("%s messages of a process that is gone are in doubt", report.in_doubt)
        if report.expired:
            _log.warning("%s messages have expired in the queue", report.expired)

    async def _divert(self) -> None:
        """Send messages another way whose provider is out of order.

        When it is time to try that provider, they stay: one of them is what it is tried with.
        """
        avoid = self._breakers.open()
        for provider in avoid.intersection(self._providers):
            if self._breakers.state(provider).retry_s:
                await self._outbox.divert(provider, avoid)
