"""The outbox: messages on disk before they are sent, settled after.

The messages table is the queue. A message that is sent at once is accepted straight into
``sending`` by the process that sends it, which then holds the lease on it; every other one is
accepted as ``queued`` and claimed when it is due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.event import Event
from domain.idempotency import IdempotencyKey
from domain.message import Message, MessageStatus
from domain.request import Request
from domain.segments import Segments
from domain.terms import Priority

Lane = tuple[str, Priority]
"""A provider's code and a priority."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to send, or to look up, and to settle a message.

    Attributes:
        token: new with every claim; a settlement with an old one changes nothing.
        length_s: after this another process may take the message over; counted by the database.
    """

    message_id: UUID
    token: UUID
    length_s: float


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message on its way into the outbox.

    Attributes:
        message: ``sending`` with a lease, ``queued``, or in a final state.
        lease: held by the process that sends it now; ``None`` for one that is not sent now.
        events: what happened to it already, its acceptance apart.
    """

    message: Message
    segments: Segments
    lease: Lease | None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt, or a look-up, came to.

    Attributes:
        message: in its new state. ``sending`` is one that goes to its next provider at once.
        lease: the one that was held.
        events: the lines for its history.
        was: the state it is in on disk: ``sending``, or ``unknown`` or ``submitted`` after its
            provider was asked.
        wait_s: ``queued``: seconds until it is due again. ``unknown``, ``submitted``: seconds until
            the provider is asked; ``None`` asks no more.
        renewed: the lease on a message that stays ``sending``.
    """

    message: Message
    lease: Lease
    events: tuple[Event, ...]
    was: MessageStatus = MessageStatus.SENDING
    wait_s: float | None = 0.0
    renewed: Lease | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """What a process can send of one provider's messages.

    Attributes:
        limit: messages, at most; every one of them is started within the horizon.
        lease_s: the length of the leases.
        spacing_s: seconds a segment takes up at the provider's rate; 0 is without a limit.
        horizon_s: how far ahead slots at that rate may be taken.
        lanes: who goes first.
        probe: the provider's circuit is open, and this process may try it with one message.
    """

    provider: str
    limit: int
    lease_s: float
    spacing_s: float = 0.0
    horizon_s: float = 0.2
    lanes: tuple[Priority, ...] = tuple(Priority)
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this process holds the lease on.

    Attributes:
        message: ``sending``, the attempt counted; ``unknown`` from ``claim_doubts``.
        start_in_s: seconds until its slot at the provider's rate.
    """

    message: Message
    segments: Segments
    lease: Lease
    start_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim came to.

    Attributes:
        claimed: in the order they are to be sent.
        wait_s: when it is worth asking again: the next free slot, the end of a pause, or the next
            message to fall due. ``None``: nothing is waiting for this provider.
    """

    claimed: Sequence[Claimed]
    wait_s: float | None


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What was found lying about.

    Attributes:
        in_doubt: messages that were ``sending`` in a process that is gone: now ``unknown``.
        expired: messages whose time was over in the queue.
    """

    in_doubt: int = 0
    expired: int = 0


class Outbox(Protocol):
    """Where messages wait, and where what became of them is written.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached. Times
    within it are the database's own: no process's clock decides about another one's lease.
    """

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        """Write messages, and their request with the first of them; all durable on return.

        Args:
            messages: at most 1 000 at once; none where only the request is to be written.
            request: given once, with or before the first messages.
            key: written with the request.

        Returns:
            False when the key was there already: then nothing was written.
        """
        ...

    async def claim(self, want: ClaimRequest) -> Claim:
        """Take messages that are due, and slots at the provider's rate for them, in one step.

        They are durably ``sending``, their attempt counted, on return. No two claims share a
        message. While the provider is paused, or its circuit open, nothing is taken.
        """
        ...

    async def claim_doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take ``unknown`` messages whose next look-up is due, the look-up counted.

        ``lease_s`` is how long nobody else asks; the rate is the one for questions.
        """
        ...

    async def claim_silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take ``submitted`` messages whose next question is due, the question counted.

        No receipt came for them. Lease and rate as in ``claim_doubts``, which share the rate.
        """
        ...

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to; durable on return, and safe to repeat.

        An outcome that arrives after the message was put in doubt still counts, as long as nobody
        has held the message since.

        Returns:
            False when the lease was lost meanwhile: then nothing was changed.
        """
        ...

    async def release(self, leases: Sequence[Lease]) -> None:
        """Put claimed messages back that were not started: due at once, their attempt undone."""
        ...

    async def cancel(self, message_id: UUID, event: Event) -> bool:
        """Cancel a message that is still ``queued``; False when it is not."""
        ...

    async def divert(self, provider: str, avoid: frozenset[str]) -> int:
        """Move queued messages that are due to the first provider of their route not to avoid.

        Messages without such a provider stay. At most 1 000 at once; returns how many moved, each
        with a line in its history.
        """
        ...

    async def sweep(self) -> SweepReport:
        """Put into doubt what was ``sending`` in a process that is gone, and end what is too late.

        On SQLite those are the leases of another start, whatever the clock says; on PostgreSQL the
        leases that have run out by the server's clock. At most 1 000 of each at once.
        """
        ...

    async def backlog(self, providers: Sequence[str]) -> Mapping[Lane, float]:
        """Return how many seconds the oldest message of each lane is overdue; empty lanes not."""
        ...

    async def wait_ready(self, provider: str, timeout_s: float) -> bool:
        """Wait until messages are queued for a provider, or until the time is over.

        It may return early, and may miss what another process has queued.

        Returns:
            Whether messages were queued, as far as is known.
        """
        ...
