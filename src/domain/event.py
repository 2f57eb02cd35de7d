"""One line of a message's history."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventName(StrEnum):
    """What happened to a message."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDELIVERABLE = "undeliverable"
    EXPIRED = "expired"
    CANCELED = "canceled"
    ROUTED = "routed"
    DEFERRED = "deferred"
    LOOKED_UP = "looked_up"
    HELD = "held"
    RESENT = "resent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a message; never changed afterwards.

    Attributes:
        at: when.
        provider: who was asked, where somebody was.
        provider_code: the provider's own code.
        text: for a person; never the message's text, never a full number.
        duration_ms: how long the provider took to answer.
    """

    at: datetime
    name: EventName
    provider: str | None = None
    provider_code: str | None = None
    text: str = ""
    duration_ms: int | None = None
