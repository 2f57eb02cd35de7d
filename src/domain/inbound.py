"""A message a subscriber sent to us."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Keyword(StrEnum):
    """What a subscriber's message asks for, where it is one of the known words."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """What a subscriber wrote.

    Attributes:
        id: UUIDv7, ours.
        provider: through whom it came.
        phone: who wrote it: digits, or whatever the provider calls the sender.
        to: the number of ours it was sent to.
        text: as it came, character by character.
        received_at: when it reached us.
        provider_id: the provider's name for it, where it has one; a repetition has the same.
        keyword: what the provider says it asks for; it has seen to the answer itself then.
    """

    id: UUID
    provider: str
    phone: str
    to: str
    text: str
    received_at: datetime
    provider_id: str | None = None
    keyword: Keyword | None = None
