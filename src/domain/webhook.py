"""Webhooks: what is told of a message, to whom, and how long it is tried."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID, uuid5

from domain.event import Event, EventName
from domain.message import MessageStatus

RECEIVED = "message.received"
DELAYS_S = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""How long is waited after each failure; after one more it is given up."""
SPREAD = 0.2
DISABLED_AFTER = timedelta(days=5)
LONGEST_REASON = 200
_EVENTS = UUID("6f1f4e0a-53b0-5d5c-9d39-0a7f5a3f6f0e")
_RANDOM_BITS = 80
_VERSION_8 = 0x8 << 76 | 0b10 << 62
_FIXED = 0xF << 76 | 0b11 << 62
_QUEUED_BY = frozenset({EventName.ACCEPTED, EventName.DEFERRED, EventName.RESENT, EventName.ROUTED})
_STATUSES = frozenset(str(status) for status in MessageStatus)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a message's state that is told.

    Attributes:
        status: the new state.
        number: 1 when the message came into this state for the first time.
        index: of its line in the history.
    """

    message_id: UUID
    status: MessageStatus
    number: int
    index: int

    @property
    def id(self) -> UUID:
        """The event's name, the same however often it is told."""
        return uuid5(_EVENTS, f"{self.message_id}:{self.status}:{self.number}")

    @property
    def type(self) -> str:
        """The event's type, such as ``message.delivered``."""
        return f"message.{self.status}"


def transitions(message_id: UUID, history: Iterable[Event]) -> Iterator[Transition]:
    """Return the changes of state in a history, oldest first; a repetition is no change."""
    before: MessageStatus | None = None
    seen: dict[MessageStatus, int] = {}
    for index, event in enumerate(history):
        if event.name in _QUEUED_BY:
            before = MessageStatus.QUEUED
        elif event.name in _STATUSES and (status := MessageStatus(event.name)) is not before:
            before = status
            seen[status] = seen.get(status, 0) + 1
            yield Transition(message_id, status, seen[status], index)


def received_id(inbound_id: UUID) -> UUID:
    """Name the event of a message a subscriber sent."""
    return uuid5(_EVENTS, f"{inbound_id}:received")


def delivery_id(event_id: UUID, at: datetime, url: str) -> UUID:
    """Name the delivery of an event to an address: in the order of the events, and derived.

    Source: RFC 9562, 5.8 (UUIDv8); the time stands where UUIDv7 has it.
    """
    rest = int.from_bytes(sha256(event_id.bytes + url.encode()).digest()[:10])
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=(milliseconds << _RANDOM_BITS | rest) & ~_FIXED | _VERSION_8)


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event on its way to one address.

    Attributes:
        id: derived from the event and the address.
        event_type: such as ``message.delivered``.
        message_id: whose event it is; ``None`` for a message a subscriber sent.
        attempts: posts that have ended.
        due_at: when it is posted next, or when the post under way is given up.
        answer: the HTTP status of the latest post, where there was one.
        error: why the latest post failed.
    """

    id: UUID
    event_id: UUID
    event_type: str
    message_id: UUID | None
    url: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    answer: int | None = None
    error: str | None = None

    def after(self, answer: "Answered", at: datetime, chance: float) -> "Delivery":
        """Return what it becomes when a post ended so.

        Args:
            answer: what came back.
            at: when.
            chance: 0 to 1, so that not all come again at the same moment.
        """
        ended = replace(
            self,
            attempts=self.attempts + 1,
            updated_at=at,
            answer=answer.status,
            error=answer.error,
        )
        if answer.good:
            return replace(ended, status=DeliveryStatus.DELIVERED)
        if answer.gone or self.attempts >= len(DELAYS_S):
            return replace(ended, status=DeliveryStatus.FAILED)
        wait_s = DELAYS_S[self.attempts] * (1 + SPREAD * (2 * chance - 1))
        return replace(ended, due_at=at + timedelta(seconds=max(wait_s, answer.retry_after_s)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of a post.

    Attributes:
        status: the HTTP status, where an answer came.
        error: why there was none, or why it is no success; for a person.
        retry_after_s: how long the receiver asked us to stay away, in seconds.
    """

    status: int | None = None
    error: str | None = None
    retry_after_s: float = 0.0

    @property
    def good(self) -> bool:
        """Tell whether the receiver has it."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - RFC 9110, 15.3

    @property
    def gone(self) -> bool:
        """Tell whether the receiver wants nothing any more."""
        return self.status == 410  # noqa: PLR2004 - RFC 9110, 15.5.11


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What is known of an address.

    Attributes:
        failing_since: the first failure after the last success.
        disabled_at: since when nothing is posted to it.
        reason: why that is.
    """

    url: str
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    reason: str = ""

    def after(self, answer: Answered, at: datetime) -> "Endpoint":
        """Return what is known after a post to it ended so."""
        if self.disabled_at is not None:
            return self
        if answer.good:
            return replace(self, failing_since=None)
        failing = replace(self, failing_since=self.failing_since or at)
        if answer.gone:
            return replace(failing, disabled_at=at, reason="answered 410 Gone")
        if failing.failing_since is not None and at - failing.failing_since >= DISABLED_AFTER:
            reason = f"failing for {DISABLED_AFTER.days} days; the latest: {answer.error}"
            return replace(failing, disabled_at=at, reason=reason[:LONGEST_REASON])
        return failing
