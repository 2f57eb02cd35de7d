"""How often somebody may come."""

from application.ports.system import Clock

BURST_S = 1.0
_ROUNDING_S = 1e-6
_MANY = 10_000


class RateLimit:
    """So many a second for each name, some seconds' worth at once; of this process only.

    Source: the generic cell rate algorithm.
    """

    def __init__(self, clock: Clock, burst_s: float = BURST_S) -> None:
        self._clock = clock
        self._burst_s = burst_s
        self._free_at: dict[str, float] = {}

    def wait_s(self, name: str, rate: float) -> float:
        """Count one more of a name; return 0, or how long it is too early, and count nothing."""
        now, interval = self._clock.monotonic(), 1 / rate
        free_at = max(self._free_at.get(name, now), now) + interval
        wait = free_at - now - max(self._burst_s, interval)
        if wait > _ROUNDING_S:
            return wait
        if len(self._free_at) >= _MANY:
            self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        self._free_at[name] = free_at
        return 0.0
