"""The rows of the outbox in memory."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.ports.outbox import Claimed, Lease, NewMessage
from application.ports.repositories import StoredMessage
from domain.event import Event, EventName
from domain.message import Failure, Message, MessageStatus
from domain.segments import Segments

Happening = tuple[str, str]
"""What was done, and to which phone; a journal is shared by fakes to show an order."""


@dataclass(slots=True)
class Row:
    """A message as it is kept.

    Attributes:
        token: of the last lease; it stays when the message is settled.
        settled: the lease was given back.
        owner: the process that holds the lease.
        lookup_at: when the provider is asked about an unknown one.
    """

    stored: StoredMessage
    segments: Segments
    token: UUID | None = None
    settled: bool = False
    owner: UUID | None = None
    lookup_at: datetime | None = None

    @property
    def message(self) -> Message:
        """The message."""
        return self.stored.message

    @property
    def due_at(self) -> datetime:
        """When it is to be sent."""
        return self.message.due_at or self.message.created_at

    def write(self, message: Message, *events: Event) -> None:
        """Keep a new state, and its lines in the history."""
        history = (*self.stored.history, *events)
        self.stored = replace(self.stored, message=message, history=history)

    def lease(self, owner: UUID | None, token: UUID | None) -> None:
        """Give the message to a process, or take it away from all."""
        self.owner, self.token, self.settled = owner, token, False

    @classmethod
    def of(cls, new: NewMessage) -> "Row":
        """Make the row of an accepted message."""
        accepted = Event(at=new.message.created_at, name=EventName.ACCEPTED)
        encoding, count = new.segments.encoding, new.segments.count
        stored = StoredMessage(new.message, encoding, count, (accepted, *new.events))
        return cls(stored, new.segments)

    def is_late(self, now: datetime) -> bool:
        """Tell whether its time is over in the queue."""
        return self.message.status is MessageStatus.QUEUED and self.message.expired(now)

    def end(
        self, status: MessageStatus, at: datetime, name: EventName, failure: Failure | None
    ) -> None:
        """Keep what the sweep found."""
        message = self.message.moved(status, at, failure)
        text = "" if failure is None else failure.text
        self.write(message, Event(at=at, name=name, provider=message.provider, text=text))

    def end_unsent(self, at: datetime, failure: Failure) -> None:
        """Keep that its time is over; one that was sent before is in doubt again."""
        message = self.message.unsent(MessageStatus.EXPIRED, at, failure)
        name, text = EventName(message.status), "" if message.failure is None else failure.text
        self.write(message, Event(at=at, name=name, provider=message.provider, text=text))
        self.lookup_at = at if message.status is MessageStatus.UNKNOWN else None

    def claimed(self, lease_s: float, start_in_s: float) -> Claimed:
        """Hand the message out under its lease."""
        assert self.token is not None
        lease = Lease(self.message.id, self.token, lease_s)
        return Claimed(self.message, self.segments, lease, start_in_s)
