"""The world around: time, names, the numbering plan, the database's health."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.phone import Phone


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for durations."""
        ...

    def boot(self) -> float:
        """Return seconds that grow while the machine sleeps, too, for the end of leases."""
        ...


class Ids(Protocol):
    """New names."""

    def new(self) -> UUID:
        """Return a UUIDv7 greater than every one before it in this process."""
        ...


class NumberingPlan(Protocol):
    """Which numbers can exist."""

    def read(self, text: str) -> Phone:
        """Read a number as people write it.

        Raises:
            InvalidPhoneError: no such number is possible; the text says why.
        """
        ...


class Storage(Protocol):
    """The database as a whole."""

    async def open(self) -> None:
        """Make it ready: created where missing, up to date, as durable as promised.

        Raises:
            SettingsError: it cannot be reached, entered or migrated; it says which and why.
        """
        ...

    async def close(self) -> None:
        """Write what waits, then close every connection."""
        ...

    async def problem(self) -> str | None:
        """Say what keeps the database from serving, or ``None`` when it is ready."""
        ...
