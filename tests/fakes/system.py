"""Time, names and numbers, as simple as can be."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.phone import Phone

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)


class FixedClock:
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at
        self.seconds = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def boot(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass, on every face of the clock."""
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


class CountingIds:
    """1, 2, 3 …"""

    def __init__(self) -> None:
        self.given = 0

    def new(self) -> UUID:
        self.given += 1
        return UUID(int=self.given)


class PlainNumbering:
    """Every E.164 number exists."""

    def read(self, text: str) -> Phone:
        return Phone.parse(text)
