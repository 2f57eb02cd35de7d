"""What waits, in all processes together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from application.ports.outbox import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits.

    Attributes:
        queued: messages that are due, and the seconds the oldest is overdue, by lane.
        unknown: messages whose outcome is still asked about, by provider.
        webhooks: deliveries that are not made yet.
        dead_tuples: by table, where the database has such.
    """

    queued: Mapping[Lane, tuple[int, float]] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    webhooks: int = 0
    dead_tuples: Mapping[str, int] = field(default_factory=dict)


class BacklogSource(Protocol):
    """Counts what waits."""

    async def read(self) -> Backlog:
        """Read it.

        Raises:
            StorageUnavailableError: the database is away, or does not answer in time.
        """
        ...
