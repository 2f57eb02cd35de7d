"""The provider's later word on a message."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.message import MessageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider says became of a message it took: a delivery report (DLR).

    Attributes:
        provider: the code of the provider that says so.
        status: ``submitted``, ``delivered``, ``undeliverable`` or ``expired``.
        at: when it was received.
        message_id: our own reference, where the provider gave it back.
        provider_id: the provider's name for the message.
        provider_code: its own word for the state, with the error code where there is one.
        text: for a person; never the message's text, never a full number.
        weak: its signature does not cover what it says: the provider is asked before it counts.
        opted_out: the recipient wants nothing from this sender any more.
    """

    provider: str
    status: MessageStatus
    at: datetime
    message_id: UUID | None = None
    provider_id: str | None = None
    provider_code: str | None = None
    text: str = ""
    weak: bool = False
    opted_out: bool = False
