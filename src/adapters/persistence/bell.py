"""Wake-ups within the process."""

import asyncio
from contextlib import suppress


class Bell:
    """Wakes those who wait for a provider's messages.

    A ring nobody waits for is kept for the next who does: none is lost between a claim and a wait.
    """

    def __init__(self) -> None:
        self._rung: dict[str, asyncio.Event] = {}

    def ring(self, provider: str) -> None:
        """Wake everybody who waits for a provider."""
        self._event(provider).set()

    async def wait(self, provider: str, timeout_s: float) -> bool:
        """Return at the next ring, or after the time; tell whether it rang."""
        event = self._event(provider)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await event.wait()
        rung = event.is_set()
        event.clear()
        return rung

    def _event(self, provider: str) -> asyncio.Event:
        return self._rung.setdefault(provider, asyncio.Event())
