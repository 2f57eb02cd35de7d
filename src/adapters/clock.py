"""The machine's clocks."""

import time
from datetime import UTC, datetime

_COUNTS_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux has it


class SystemClock:
    """What time it is; see ``Clock``."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations."""
        return time.monotonic()

    def boot(self) -> float:
        """Return seconds that grow while the machine sleeps, too, for the end of leases."""
        return time.clock_gettime(_COUNTS_SLEEP)
