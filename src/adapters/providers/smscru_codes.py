"""What the numbers in smsc.ru's answers mean.

Source: smsc.ru, HTTP/HTTPS API, "Sending SMS: the server's answer" and "Message statuses".
"""

import re
from dataclasses import replace

from domain.message import MessageStatus
from domain.outcome import Rejected, RejectReason, Unavailable, UnavailableKind

DUPLICATE_S = 60.0
CONCURRENCY_S = 5.0
BLOCKED_S = 300.0
_NUMBER = re.compile(r"-?[0-9]{1,9}", re.ASCII)

REFUSALS: dict[str, Rejected | Unavailable] = {
    "1": Rejected(
        reason=RejectReason.REQUEST, provider_code="1", text="an error in the parameters"
    ),
    "2": Unavailable(
        kind=UnavailableKind.CREDENTIALS,
        provider_code="2",
        text="wrong login or password, or an IP address the account does not allow",
    ),
    "3": Unavailable(kind=UnavailableKind.NO_MONEY, provider_code="3", text="not enough money"),
    "4": Unavailable(
        kind=UnavailableKind.THROTTLED,
        retry_after_s=BLOCKED_S,
        provider_code="4",
        text="our IP address is blocked for a while because of frequent errors",
    ),
    "5": Rejected(reason=RejectReason.REQUEST, provider_code="5", text="a wrong date format"),
    "6": Rejected(
        reason=RejectReason.CONTENT,
        provider_code="6",
        text="the message is forbidden, by its text or its sender",
    ),
    "7": Rejected(
        reason=RejectReason.RECIPIENT, provider_code="7", text="a wrong phone number format"
    ),
    "8": Rejected(
        reason=RejectReason.RECIPIENT,
        provider_code="8",
        text="nothing can be delivered to this number",
    ),
    "9": Unavailable(
        kind=UnavailableKind.THROTTLED,
        retry_after_s=DUPLICATE_S,
        provider_code="9",
        text="the same request again within a minute, or too many at once",
    ),
}
"""``error_code`` of any answer: each proves that this request was not taken."""

NOT_FOUND = "-3"

STATUSES: dict[str, tuple[MessageStatus, str]] = {
    "-2": (MessageStatus.SUBMITTED, "stopped with its mailing"),
    "-1": (MessageStatus.SUBMITTED, "waiting to be sent"),
    "0": (MessageStatus.SUBMITTED, "handed to the operator"),
    "1": (MessageStatus.DELIVERED, "delivered"),
    "2": (MessageStatus.DELIVERED, "read"),
    "3": (MessageStatus.EXPIRED, "its lifetime ran out"),
    "4": (MessageStatus.DELIVERED, "its short link was opened"),
    # Marked as spam, an e-mail's state: whether a message arrived is not said.
    "6": (MessageStatus.SUBMITTED, "marked as spam"),
    "20": (MessageStatus.UNDELIVERABLE, "could not be delivered"),
    "22": (MessageStatus.UNDELIVERABLE, "wrong number"),
    "23": (MessageStatus.UNDELIVERABLE, "forbidden"),
    "24": (MessageStatus.UNDELIVERABLE, "not enough money"),
    "25": (MessageStatus.UNDELIVERABLE, "the number takes no SMS, or there is no route to it"),
}
"""``status`` of a message it took."""

BY_STATUS = None
"""The error explains the status and changes nothing about it."""

_FAILED = MessageStatus.UNDELIVERABLE

ERRORS: dict[str, tuple[MessageStatus | None, str]] = {
    "1": (_FAILED, "the subscriber does not exist"),
    "2": (_FAILED, "the mailbox is full"),
    "3": (_FAILED, "the mail server was not found"),
    "4": (_FAILED, "the mailbox is blocked"),
    "6": (BY_STATUS, "the phone is off or out of coverage"),
    "11": (_FAILED, "no SMS service"),
    "12": (_FAILED, "a fault in the phone or the SIM"),
    "13": (_FAILED, "the subscriber is blocked"),
    "21": (_FAILED, "the phone does not support the service"),
    "200": (BY_STATUS, "the account is in test mode, nothing was sent"),
    "219": (_FAILED, "the SIM was replaced, named senders are blocked for 24 hours"),
    "220": (_FAILED, "the operator's queue is full"),
    "237": (_FAILED, "the call was not answered"),
    "238": (_FAILED, "no matching template"),
    "239": (_FAILED, "the IP address of the sender is not allowed"),
    "240": (_FAILED, "the line was busy or the call declined"),
    "241": (_FAILED, "the sound could not be converted, or not all parts were handed over"),
    "242": (_FAILED, "an answering machine took the call"),
    "243": (_FAILED, "no contract for bulk or advertising messages"),
    "244": (_FAILED, "mailings are forbidden, or a link is"),
    # The operator was silent for a day. Nobody knows better: it was taken, and no more is known.
    "245": (MessageStatus.SUBMITTED, "the operator gave no status within a day"),
    "246": (_FAILED, "outside the account's sending hours"),
    "247": (_FAILED, "over the account's daily limit"),
    "248": (_FAILED, "no route"),
    "249": (_FAILED, "a wrong number format"),
    "250": (_FAILED, "the account's settings forbid the number"),
    "251": (_FAILED, "over the limit for one number"),
    "252": (_FAILED, "the number is forbidden"),
    "253": (_FAILED, "the spam filter"),
    "254": (_FAILED, "the sender name is not registered"),
    "255": (_FAILED, "the operator refused without a reason"),
}
"""``err`` beside a status that says it failed; what it makes of that, unless the status decides."""


def number_of(value: int | str | None) -> str | None:
    """Return a code as the tables have it, whether the answer gave a number or a string."""
    text = str(value)
    return str(int(text)) if _NUMBER.fullmatch(text) else None


def refusal(code: str, said: str) -> Rejected | Unavailable:
    """Return what an ``error_code`` of the table means, in the provider's words where it said any.

    Code 9 is two things, told apart by a text that nobody promised; where it is in doubt the
    longer wait of a duplicate is taken.
    """
    known = REFUSALS[code]
    if code == "9" and isinstance(known, Unavailable) and "concurrent" in said.lower():
        known = replace(known, retry_after_s=CONCURRENCY_S)
    return replace(known, text=said or known.text)


def state(status: str, err: str) -> tuple[MessageStatus, str]:
    """Tell the state of a message it took, and put it in words.

    A code that is in no table says only that the message was taken.
    """
    by_status, words = STATUSES.get(status, (MessageStatus.SUBMITTED, f"status {status}"))
    by_error, why = ERRORS.get(err, (BY_STATUS, "" if err == "0" else f"error {err}"))
    failed = by_status in {MessageStatus.UNDELIVERABLE, MessageStatus.EXPIRED}
    text = f"{words}: {why}" if why else words
    return (by_error or by_status) if failed else by_status, text
