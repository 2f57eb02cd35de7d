"""What Twilio's error codes and states mean, as data.

Twilio says that the code given for one cause may change: a code that is not here is judged by its
HTTP status alone, and the provider's own word is always kept beside ours.

Source: docs/providers/twilio.md.
"""

from collections.abc import Mapping
from typing import assert_never

from domain.message import MessageStatus
from domain.outcome import Rejected, RejectReason, Unavailable, UnavailableKind, Unconfirmed

Verdict = RejectReason | UnavailableKind | None
"""Refused for good, proven not taken, or (``None``) nobody knows."""

VERDICTS: Mapping[int, Verdict] = {
    10001: UnavailableKind.NO_MONEY,
    10004: UnavailableKind.THROTTLED,
    13227: RejectReason.RECIPIENT,  # country of the call not enabled
    20001: RejectReason.REQUEST,
    20003: UnavailableKind.CREDENTIALS,
    20005: UnavailableKind.NO_MONEY,
    20006: UnavailableKind.CREDENTIALS,
    20008: UnavailableKind.CREDENTIALS,  # test credentials
    20010: UnavailableKind.CREDENTIALS,
    20403: UnavailableKind.CREDENTIALS,
    20404: UnavailableKind.CONFIGURATION,
    20422: RejectReason.REQUEST,
    20423: RejectReason.REQUEST,
    20429: UnavailableKind.THROTTLED,
    20500: None,
    20503: None,
    21201: UnavailableKind.CONFIGURATION,
    21205: UnavailableKind.CONFIGURATION,
    21208: RejectReason.REQUEST,
    21210: UnavailableKind.CONFIGURATION,  # caller id not verified
    21211: RejectReason.RECIPIENT,
    21212: UnavailableKind.CONFIGURATION,  # sender invalid
    21213: UnavailableKind.CONFIGURATION,
    21214: RejectReason.RECIPIENT,
    21215: RejectReason.RECIPIENT,  # country of the call not enabled
    21216: RejectReason.RECIPIENT,
    21217: RejectReason.RECIPIENT,
    21219: RejectReason.RECIPIENT,  # trial account, number not verified
    21408: RejectReason.RECIPIENT,  # country of the message not enabled
    21601: UnavailableKind.CONFIGURATION,
    21602: RejectReason.CONTENT,
    21603: UnavailableKind.CONFIGURATION,
    21604: UnavailableKind.CONFIGURATION,
    21606: UnavailableKind.CONFIGURATION,
    21608: RejectReason.RECIPIENT,  # trial account, number not verified
    21609: UnavailableKind.CONFIGURATION,
    21610: RejectReason.OPTED_OUT,
    21611: UnavailableKind.THROTTLED,  # the sender's queue is full
    21612: RejectReason.RECIPIENT,
    21614: RejectReason.RECIPIENT,
    21617: RejectReason.CONTENT,
    21618: RejectReason.CONTENT,
    21619: RejectReason.CONTENT,
    21620: RejectReason.REQUEST,
    21623: RejectReason.REQUEST,
    21624: RejectReason.REQUEST,
    21626: RejectReason.REQUEST,
    21635: RejectReason.RECIPIENT,
    21659: UnavailableKind.CONFIGURATION,
    21660: UnavailableKind.CONFIGURATION,
    21701: UnavailableKind.CONFIGURATION,
    21702: UnavailableKind.CONFIGURATION,
    21703: RejectReason.RECIPIENT,  # no sender in the pool suits it
    21704: UnavailableKind.CONFIGURATION,
    21705: UnavailableKind.CONFIGURATION,
    30045: RejectReason.REQUEST,
    32018: RejectReason.CONTENT,
    35111: RejectReason.REQUEST,
    **dict.fromkeys(range(35114, 35120), RejectReason.REQUEST),
    90007: RejectReason.REQUEST,
}

_S = MessageStatus
STATES: Mapping[str, MessageStatus] = {
    "delivered": _S.DELIVERED,
    "read": _S.DELIVERED,
    "undelivered": _S.UNDELIVERABLE,
    "failed": _S.UNDELIVERABLE,
    "canceled": _S.UNDELIVERABLE,
    "completed": _S.DELIVERED,
    "busy": _S.UNDELIVERABLE,
    "no-answer": _S.UNDELIVERABLE,
}
"""The final states of messages and calls; in every other one Twilio has it and goes on."""

NOT_FOUND = 20404
OPTED_OUT = "21610"
"""In a callback; the one code that always means that the recipient wants nothing more."""
_EXPIRED = "30036"
_THROTTLED = 429
_LOCKED_OUT = frozenset({401, 403})
_WRONG_ADDRESS = frozenset({404, 405, 415})
_REFUSED = range(400, 500)


def state_of(status: str, error_code: str | None) -> MessageStatus:
    """Tell our state for Twilio's; an unknown one means no more than that Twilio has it."""
    state = STATES.get(status, _S.SUBMITTED)
    expired = state is _S.UNDELIVERABLE and error_code == _EXPIRED
    return _S.EXPIRED if expired else state


def verdict_of(http_status: int, code: int | None) -> Verdict:
    """Judge an answer that is no success: by its HTTP status first, by Twilio's code second.

    A 400 without a code is not Twilio's own word: whatever stands in between may have let the
    request through before it failed, so the outcome stays open. A path or a method that nobody
    serves proves that it did not.
    """
    if http_status == _THROTTLED:
        return UnavailableKind.THROTTLED
    known = None if code is None else VERDICTS.get(code, RejectReason.REQUEST)
    if http_status in _LOCKED_OUT:
        # An account without money answers so too; there only the code tells.
        return known if known is UnavailableKind.NO_MONEY else UnavailableKind.CREDENTIALS
    if http_status in _WRONG_ADDRESS and code not in VERDICTS:
        return UnavailableKind.CONFIGURATION
    return known if http_status in _REFUSED else None


def refusal(
    http_status: int, code: int | None, text: str, retry_after_s: float | None
) -> Rejected | Unavailable | Unconfirmed:
    """Make the outcome of an answer that is no success."""
    word = None if code is None else str(code)
    match verdict_of(http_status, code):
        case RejectReason() as reason:
            return Rejected(reason=reason, provider_code=word, text=text)
        case UnavailableKind() as kind:
            return Unavailable(
                kind=kind, retry_after_s=retry_after_s, provider_code=word, text=text
            )
        case None:
            return Unconfirmed(text, word)
        case verdict:
            assert_never(verdict)
