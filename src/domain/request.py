"""The request: one text, one or many recipients."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.message import Channel
from domain.sender_id import SenderId
from domain.terms import USUAL, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One ``POST /sms`` or ``POST /call``.

    Attributes:
        id: UUIDv7.
        text: what every one of its messages says.
        recipients: how many phones it named, each counted once.
        background: the caller does not wait for the providers.
        callback_url: where each change of its messages is told, beside the deployment's own.
        account: whose it is, and its messages are; ``None`` where nobody had to show a key.
    """

    id: UUID
    channel: Channel
    text: str
    recipients: int
    created_at: datetime
    sender: SenderId | None = None
    reference: str | None = None
    terms: Terms = USUAL
    background: bool = False
    callback_url: str | None = None
    account: str | None = None
