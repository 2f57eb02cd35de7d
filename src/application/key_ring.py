"""The keys of the database, in memory: showing one costs no query."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextvars import Context

from application.errors import StorageUnavailableError
from application.loops import for_ever
from application.ports.api_keys import ApiKeys
from application.ports.system import Clock
from application.rate_limit import RateLimit
from domain.api_key import BEGINNING, ApiKey, KeyPrint

REFRESH_S = 1.0
"""A revoked key opens nothing any more after this long, and the query it takes."""
LOOKS_A_SECOND = 4.0
"""How often unknown keys make it ask the database, however many are shown."""
_log = logging.getLogger(__name__)


class KeyRing:
    """Every key of the database, read once a second; while that is away, those last read."""

    def __init__(self, keys: ApiKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._by_prefix: Mapping[str, Sequence[ApiKey]] | None = None
        self._looks = RateLimit(clock)
        self._reading: asyncio.Task[None] | None = None

    @property
    def empty(self) -> bool:
        """Tell whether there is not one key, not even one that is revoked."""
        return self._by_prefix is not None and not self._by_prefix

    def find(self, shown: KeyPrint) -> ApiKey | None:
        """Return the key that was shown, usable or not."""
        if self._by_prefix is None:
            return None
        now = self._clock.now()
        candidates = self._by_prefix.get(shown.prefix, ())
        return next((key for key in candidates if key.known_by(shown, now)), None)

    async def looked_up(self, shown: Sequence[KeyPrint]) -> None:
        """See to it that keys which are not known may have been made a moment ago.

        Raises:
            StorageUnavailableError: the keys were never read yet, and cannot be now.
        """
        if self._by_prefix is None:
            await self.refresh()
        elif any(self._worth_a_look(key) for key in shown):
            try:
                await self.refresh()
            except StorageUnavailableError as error:
                _log.warning("API keys not read, the ones last read count: %s", error)

    async def refresh(self) -> None:
        """Read every key; several who ask at once share one reading.

        Raises:
            StorageUnavailableError: the database is away; what was known stays.
        """
        if self._reading is None:
            # It reads for everybody: not in the name of the request that happened to be first.
            self._reading = asyncio.create_task(self._read(), context=Context())
        # Who asked first may go away before it is done; the others still want it.
        await asyncio.shield(self._reading)

    async def run(self) -> None:
        """Read them once a second, until cancelled."""

        async def step() -> float:
            await self.refresh()
            return REFRESH_S

        await for_ever(step, "reading API keys")

    def _worth_a_look(self, shown: KeyPrint) -> bool:
        return (
            self._by_prefix is not None
            and shown.prefix.startswith(BEGINNING)
            and shown.prefix not in self._by_prefix
            and not self._looks.wait_s("", LOOKS_A_SECOND)
        )

    async def _read(self) -> None:
        try:
            found: dict[str, list[ApiKey]] = defaultdict(list)
            for key in await self._keys.all():
                found[key.current.prefix].append(key)
                if key.previous is not None:
                    found[key.previous.prefix].append(key)
            self._by_prefix = dict(found)
        finally:
            self._reading = None
