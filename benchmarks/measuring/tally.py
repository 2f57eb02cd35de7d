"""What came back from a Python load: times and errors."""

import time
from collections.abc import Sequence
from http import HTTPStatus

from benchmarks.measuring.load import Row

Answer = tuple[int, bytes]
"""Status and body; status 0 where the connection was lost."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that this share of an ascending, non-empty sequence lies below."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def is_bad(status: int) -> bool:
    """Tell whether an answer's status is an error."""
    return status >= HTTPStatus.BAD_REQUEST


class Tally:
    """Counts answers, and keeps the time of each.

    Attributes:
        timeouts: requests that were given up.
        socket_errors: requests whose connection was refused or lost.
    """

    def __init__(self, check: str) -> None:
        self._check = check.encode()
        self._times_ms: list[float] = []
        self._bad_status = 0
        self._bad_body = 0
        self.socket_errors = 0
        self.timeouts = 0

    def note(self, started: float, answer: Answer) -> None:
        """Count an answer to a request that began, or should have, at this reading."""
        status, body = answer
        if status == 0:
            self.socket_errors += 1
            return
        self._times_ms.append((time.perf_counter() - started) * 1000)
        if is_bad(status):
            self._bad_status += 1
        elif self._check and self._check not in body:
            self._bad_body += 1

    def row(self, seconds: float) -> Row:
        """Return all figures of a run that took so long."""
        count = len(self._times_ms)
        ordered = sorted(self._times_ms) or [0.0]
        return {
            "requests": count,
            "seconds": round(seconds, 4),
            "rps": round(count / seconds, 2),
            "p50_ms": round(percentile(ordered, 0.5), 4),
            "p90_ms": round(percentile(ordered, 0.9), 4),
            "p99_ms": round(percentile(ordered, 0.99), 4),
            "p999_ms": round(percentile(ordered, 0.999), 4),
            "max_ms": round(ordered[-1], 4),
            "bad_status": self._bad_status,
            "bad_body": self._bad_body,
            "socket_errors": self.socket_errors,
            "timeouts": self.timeouts,
            "errors": self._bad_status + self._bad_body + self.socket_errors + self.timeouts,
        }
