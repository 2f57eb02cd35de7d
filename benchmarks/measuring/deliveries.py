"""What reached the provider, so that queued work is waited for and losses are seen."""

import http.client
import json
import sys
import time
from http import HTTPStatus

from benchmarks.measuring.loopback import host_of, loopback, port_of

_PATHS = ("/stats", "/stub")
_POLL_S = 0.05
_QUIET_S = 0.4


class Deliveries:
    """The counter of a sink, of either engine."""

    def __init__(self, url: str) -> None:
        self._url = loopback(url)
        self._own = 0  # nginx counts every request, these included
        self._path = next((path for path in _PATHS if self._ask(path) is not None), "")
        if not self._path:
            sys.exit(f"no /stats or /stub at {url}")

    def count(self) -> int:
        """Return how many requests it has answered, ours left out."""
        count = self._ask(self._path)
        if count is None:
            sys.exit(f"the counter at {self._path} is gone")
        return count

    def settle(self, most_s: float) -> tuple[int, float]:
        """Wait until the counter stands still.

        Returns:
            The count, and the seconds until it last moved.
        """
        start = moved = time.perf_counter()
        count = self.count()
        while time.perf_counter() - moved < _QUIET_S and time.perf_counter() - start < most_s:
            time.sleep(_POLL_S)
            now = self.count()
            if now != count:
                count, moved = now, time.perf_counter()
        return count, moved - start

    def _ask(self, path: str) -> int | None:
        connection = http.client.HTTPConnection(host_of(self._url), port_of(self._url), timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        if path == "/stub" or answer.status == HTTPStatus.NOT_FOUND:
            self._own += 1
        if answer.status != HTTPStatus.OK:
            return None
        if path == "/stats":
            return int(json.loads(body)["requests"])
        return int(body.splitlines()[2].split()[2]) - self._own
