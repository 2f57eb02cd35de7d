"""Entries of the blacklist that have expired are deleted; until then nobody sees them."""

from application.loops import for_ever
from application.ports.blacklist import BlacklistEntries
from application.slices import SLICE

EVERY_S = 60.0
_WHILE_MORE_S = 0.1


class SweepBlacklist:
    """Tidies up, now and then."""

    def __init__(self, entries: BlacklistEntries) -> None:
        self._entries = entries

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "sweeping the blacklist")

    async def once(self) -> float:
        """Delete some; return in how many seconds to do it again."""
        return _WHILE_MORE_S if await self._entries.sweep(SLICE) == SLICE else EVERY_S
