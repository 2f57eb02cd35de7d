"""So many of a kind a minute, as providers count."""

import time
from collections.abc import Callable, Hashable

_MINUTE_S = 60.0
_KINDS_MAX = 10_000


class MinuteLimit:
    """Tells when something happens too often."""

    def __init__(self, most: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._seen: dict[Hashable, list[float]] = {}

    def exceeded(self, kind: Hashable) -> bool:
        """Count one more, unless the last minute has had enough of them already."""
        start = self._now() - _MINUTE_S
        if len(self._seen) > _KINDS_MAX:
            self._seen = {kind: at for kind, at in self._seen.items() if at[-1] > start}
        recent = [at for at in self._seen.get(kind, ()) if at > start]
        if len(recent) >= self._most:
            return True
        self._seen[kind] = [*recent, self._now()]
        return False
