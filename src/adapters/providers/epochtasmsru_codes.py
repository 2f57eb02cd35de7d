"""What ePochta's numbers and words mean.

Source: the provider's page ``epochtasms.ru/api/v2.php``, and what public clients rely on.
"""

from domain.message import MessageStatus
from domain.outcome import RejectReason, UnavailableKind

REFUSALS: dict[int, tuple[RejectReason | UnavailableKind, str]] = {
    -1: (UnavailableKind.CREDENTIALS, "wrong login or password, or the XML interface is off"),
    -2: (RejectReason.REQUEST, "the document cannot be read"),
    -3: (UnavailableKind.NO_MONEY, "not enough credits"),
    -4: (RejectReason.RECIPIENT, "no valid number"),
    -5: (RejectReason.CONTENT, "bad text"),
    -7: (RejectReason.SENDER, "bad or unregistered sender"),
}
UNLISTED = (RejectReason.OTHER, "an error the manual does not list")

STATES = {
    "DELIVERED": MessageStatus.DELIVERED,
    "NOT_DELIVERED": MessageStatus.UNDELIVERABLE,
    "NOT_ALLOWED": MessageStatus.UNDELIVERABLE,
    "INVALID_DESTINATION_ADDRESS": MessageStatus.UNDELIVERABLE,
    "INVALID_SOURCE_ADDRESS": MessageStatus.UNDELIVERABLE,
    "NOT_ENOUGH_CREDITS": MessageStatus.UNDELIVERABLE,
    "INVALID_PHONE_NUMBER": MessageStatus.UNDELIVERABLE,
    "SPAM": MessageStatus.UNDELIVERABLE,
    "DUPLICATE": MessageStatus.UNDELIVERABLE,
    "EXPIRED": MessageStatus.EXPIRED,
}
"""The final states; ``0``, nothing, ``SENT`` and words not listed are on their way."""
FURTHEST_LAST = ("submitted", "expired", "undeliverable", "delivered")
