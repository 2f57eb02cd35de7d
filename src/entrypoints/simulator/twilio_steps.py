"""Through which states a message or a call goes at Twilio, and the fields each is told with."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from entrypoints.simulator.sent_log import SentMessage

_TALK_S = 61
_BEFORE = {
    "sent": (),
    "delivered": ("sent",),
    "undelivered": ("sent",),
    "read": ("sent", "delivered"),
    "failed": (),
    "canceled": (),
}
_SIP = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487", "failed": "404"}
# An event is told under the status the call has then; the last one under that in which it ended.
_EVENTS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}
_SKIPPED = {
    "completed": (),
    "busy": ("answered",),
    "no-answer": ("answered",),
    "canceled": ("answered",),
    "failed": ("ringing", "answered"),
}


def message_steps(
    message: SentMessage, status: str, error: int
) -> list[tuple[str, Mapping[str, str]]]:
    """Return each status a message is told under, oldest first, and its fields."""
    before = _BEFORE.get(status)
    words = () if before is None else (*before, status)
    return [(word, _message_step(message, word, error)) for word in words]


def call_steps(message: SentMessage, status: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return each status a call is told under, oldest first, and its fields.

    Only the events that were asked for are told; without a choice that is the end alone.
    """
    asked = message.parameters.get("StatusCallbackEvent", "completed").split()
    skipped = _SKIPPED.get(status)
    if skipped is None:
        return []
    words = [word for event, word in _EVENTS.items() if event in asked and event not in skipped]
    if "completed" in asked:
        words.append(status)
    return [
        (word, _call_step(message, word, number, over=word == status))
        for number, word in enumerate(words)
    ]


def _message_step(message: SentMessage, word: str, error: int) -> dict[str, str]:
    sid, service = message.provider_id or "", message.parameters.get("MessagingServiceSid")
    failed = error and word in ("failed", "undelivered")
    return {
        **dict.fromkeys(("MessageSid", "SmsSid"), sid),
        **dict.fromkeys(("MessageStatus", "SmsStatus"), word),
        **({"MessagingServiceSid": service} if service else {}),
        **({"ErrorCode": str(error)} if failed else {}),
        **({"RawDlrDoneDate": f"{datetime.now(UTC):%y%m%d%H%M}"} if word == "delivered" else {}),
    }


def _call_step(message: SentMessage, word: str, number: int, *, over: bool) -> dict[str, str]:
    talked = _TALK_S if word == "completed" else 0
    end = {
        "CallDuration": str(talked),
        "Duration": str(math.ceil(talked / 60)),
        "SipResponseCode": _SIP.get(word, ""),
    }
    return {
        "CallSid": message.provider_id or "",
        "CallStatus": word,
        "Direction": "outbound-api",
        "CallbackSource": "call-progress-events",
        "Timestamp": format_datetime(datetime.now(UTC)),
        "SequenceNumber": str(number),
        **dict.fromkeys(("Caller", "From"), message.sender or ""),
        "Called": message.wire_recipient,
        **(end if over else {}),
    }
