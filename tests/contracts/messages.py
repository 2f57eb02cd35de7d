"""Messages the contracts send."""

from datetime import UTC, datetime
from uuid import UUID

from domain.message import Channel, Message, MessageStatus
from domain.phone import Phone

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
MESSAGE_ID = UUID("0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f")
REQUEST_ID = UUID("0193578a-1c2b-7000-8f40-5a6b7c8d9e0f")


def a_message(
    text: str = "Код 4821",
    *,
    phone: str = "+77011234567",
    channel: Channel = Channel.SMS,
    provider: str = "any",
    provider_id: str | None = None,
) -> Message:
    return Message(
        id=MESSAGE_ID,
        request_id=REQUEST_ID,
        channel=channel,
        recipient=Phone(phone),
        text=text,
        provider=provider,
        status=MessageStatus.SENDING,
        created_at=NOW,
        updated_at=NOW,
        provider_id=provider_id,
        attempts=1,
    )
