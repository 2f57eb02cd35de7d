"""One line of a message's history."""

from dataclasses import dataclass
from datetime import datetime

from domain.message import MessageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a message; never changed afterwards.

    Attributes:
        at: when.
        status: the state it led to.
        provider: who was asked, where somebody was.
        provider_code: the provider's own code.
        text: for a person; never the message's text, never a full number.
        duration_ms: how long the provider took to answer.
    """

    at: datetime
    status: MessageStatus
    provider: str | None = None
    provider_code: str | None = None
    text: str = ""
    duration_ms: int | None = None
