"""New names, in the order they were given.

Source: RFC 9562, 5.7 (the layout of UUIDv7) and 6.2, method 2 (a random part that only grows).
"""

import os
import time
from collections.abc import Callable
from uuid import UUID

_NS_PER_MS = 1_000_000
_RANDOM_BITS = 80
_FIXED = 0xF << 76 | 0b11 << 62
_FREE = (1 << 128) - 1 ^ _FIXED
_VERSION_7 = 0x7 << 76 | 0b10 << 62
_LONGEST_STEP = 0xFFFF_FFFF


class TimeOrderedIds:
    """UUIDv7: the Unix time in milliseconds, then 74 random bits; see ``Ids``.

    Args:
        time_ns: the wall clock, in nanoseconds since 1970; it may step back.
    """

    def __init__(self, time_ns: Callable[[], int] = time.time_ns) -> None:
        self._time_ns = time_ns
        self._last = 0

    def new(self) -> UUID:
        """Return a UUIDv7 greater than every one before it in this process."""
        random = int.from_bytes(os.urandom(10))
        name = (self._time_ns() // _NS_PER_MS << _RANDOM_BITS | random) & _FREE | _VERSION_7
        if name <= self._last:
            # A smaller draw within the millisecond, or the clock stepped back: a random step on.
            # Filled with ones, the fixed bits let a carry through, at the last into the time.
            step = 1 + (random & _LONGEST_STEP)
            name = ((self._last | _FIXED) + step) & _FREE | _VERSION_7
        self._last = name
        return UUID(int=name)
