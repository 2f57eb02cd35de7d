"""Times in the names of messages: UUIDv7 begin with the milliseconds since 1970."""

from datetime import datetime
from uuid import UUID

_RANDOM_BITS = 80
_LAST = (1 << 48) - 1


def first_name(at: datetime, shift_ms: int = 0) -> UUID:
    """Return the first name of a time, some milliseconds later or earlier.

    Times before 1970 and beyond the year 10889 have no names: the nearest one is as good.
    """
    milliseconds = int(at.timestamp() * 1000) + shift_ms
    return UUID(int=min(max(milliseconds, 0), _LAST) << _RANDOM_BITS)
