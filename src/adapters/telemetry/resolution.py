"""How an unknown outcome came to be known, or was given up."""

from application.ports.outbox import Settlement
from domain.event import EventName
from domain.message import MessageStatus

WAYS = ("lookup", "receipt", "resent", "held")
"""The provider was asked; it told by itself; it was sent again; nobody will ever know."""


def how_resolved(settlement: Settlement) -> str | None:
    """Tell how a look-up ended the doubt; ``None`` where there was none, or there still is."""
    if settlement.was is not MessageStatus.UNKNOWN:
        return None
    match settlement.message.status:
        case MessageStatus.QUEUED:
            return "resent"
        case MessageStatus.UNKNOWN:
            held = any(event.name is EventName.HELD for event in settlement.events)
            return "held" if held else None
        case _:
            return "lookup"
