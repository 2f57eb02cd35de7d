"""A subscriber's message, as answers and webhooks show it."""

from datetime import datetime

import msgspec

from domain.inbound import InboundMessage


class InboundView(msgspec.Struct, frozen=True):
    """What a subscriber wrote; ``keyword`` is what it asks for: stop, start, help."""

    id: str
    provider: str
    provider_id: str | None
    phone: str
    to: str
    text: str
    keyword: str | None
    received_at: datetime


def inbound_view(inbound: InboundMessage) -> InboundView:
    """Show a message."""
    return InboundView(
        id=str(inbound.id),
        provider=inbound.provider,
        provider_id=inbound.provider_id,
        phone=inbound.phone,
        to=inbound.to,
        text=inbound.text,
        keyword=inbound.keyword,
        received_at=inbound.received_at,
    )
