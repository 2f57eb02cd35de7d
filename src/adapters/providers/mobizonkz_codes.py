"""What Mobizon's codes and words mean.

Source: ``github.com/mobizon/mobizon-api-docs``, ``src/v1/en``.
"""

from domain.message import MessageStatus
from domain.outcome import RejectReason, UnavailableKind

MEANINGS: dict[int, RejectReason | UnavailableKind] = {
    **dict.fromkeys((1, 2, 4, 5, 6, 11, 12), RejectReason.REQUEST),
    **dict.fromkeys((8, 9, 14), UnavailableKind.CREDENTIALS),
    13: UnavailableKind.CONFIGURATION,
    30: UnavailableKind.THROTTLED,
    99: RejectReason.OTHER,
}
"""The codes that prove that nothing was taken; with any other it may have been."""
NAMING_FIELDS = (1, 99)
BY_FIELD = {
    "recipient": RejectReason.RECIPIENT,
    "from": RejectReason.SENDER,
    "text": RejectReason.CONTENT,
}
WRONG_HOST = 13

STATES = {
    "DELIVRD": MessageStatus.DELIVERED,
    "UNDELIV": MessageStatus.UNDELIVERABLE,
    "REJECTD": MessageStatus.UNDELIVERABLE,
    "DELETED": MessageStatus.UNDELIVERABLE,
    "EXPIRED": MessageStatus.EXPIRED,
    "EXPIRD": MessageStatus.EXPIRED,
}
"""The final states; every other word, one not listed included, is on its way."""
