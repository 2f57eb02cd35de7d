"""The machine's clocks."""

import time
from datetime import UTC, datetime


class SystemClock:
    """What time it is; see ``Clock``."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations."""
        return time.monotonic()
