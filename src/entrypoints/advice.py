"""What can be done about a message, by how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.message import MessageStatus
from entrypoints.moments import moment

Json = Mapping[str, Any]
_S = MessageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What is done where, in the words of whoever reads it."""

    blacklist: str
    force: str
    sender: str
    background: str
    provider: str
    providers: str
    balance: str
    cancel: str


IN_TERMINAL = Ways(
    blacklist="habar blacklist check says",
    force="--force",
    sender="--sender",
    background="--async",
    provider="--provider",
    providers="habar providers list",
    balance="habar providers check",
    cancel="habar messages cancel {id} stops it",
)
ON_PAGES = Ways(
    blacklist="the page Blacklist says",
    force="sending it to blacklisted numbers, too,",
    sender="sender",
    background="sending it in the background",
    provider="provider",
    providers="the page Providers",
    balance="the page Providers",
    cancel="it can still be taken back here",
)
_BY_ERROR = {
    "blacklisted": "It is on the blacklist, {blacklist} why; {force} sends it anyway.",
    "opted_out": "The recipient told this sender to stop: choose another {sender}.",
    "recipient_refused": "Check the number; the provider will refuse it again.",
    "content_refused": "Send another text; the provider will refuse this one again.",
    "sender_refused": "Choose another {sender}, or have this one registered with the provider.",
    "provider_unreachable": "It was not sent: it may be sent again.",
    "provider_throttled": "It was not sent: it may be sent again later; {background} retries by"
    " itself.",
    "provider_unavailable": "It was not sent: send it again when the provider is well"
    " ({providers}), or with another {provider}.",
    "provider_no_money": "Fill the account at the provider ({balance}), then send it again.",
    "provider_credentials": "Set the provider's credentials right ({balance}), then send it again.",
    "provider_configuration": "Set the account at the provider right, then send it again.",
    "unconfirmed": "It may have been sent: ask the provider before you send it again.",
    "storage_unavailable": "It was not sent: it may be sent again.",
    "not_sent": "It was not sent: it may be sent again.",
}
_BY_STATUS = {
    _S.SENDING: "The provider is being asked to take it; look again in a moment.",
    _S.SUBMITTED: "The provider has it and has not yet said whether it arrived; it is asked from"
    " time to time.",
    _S.DELIVERED: "It arrived; nothing is left to do.",
    _S.UNDELIVERABLE: "It did not arrive and is not sent again; check the number, or try another"
    " way.",
    _S.EXPIRED: "It did not arrive in its time; send it again if it is still worth it.",
    _S.CANCELED: "It will not be sent; nothing is left to do.",
    _S.REJECTED: "It was not sent; the provider would refuse it again.",
    _S.FAILED: "It was not sent: it may be sent again.",
    _S.BLOCKED: "It was not sent, and will not be.",
}
_ASKING = "It may have been sent. The provider is asked what became of it; do not send it again."
_LEFT_TO_YOU = (
    "It may have been sent, and nobody asks any more. Look for it at the provider; send it again"
    " only where a second one does no harm."
)


def advise(message: Json, ways: Ways = IN_TERMINAL) -> str:
    """Say what can be done.

    Args:
        message: as the API shows it, with its history.
        ways: how it is done there.
    """
    status = MessageStatus(message["status"])
    if status is _S.QUEUED:
        return _queued(message, ways)
    if status is _S.UNKNOWN:
        held = any(line["event"] == "held" for line in message["history"])
        return _LEFT_TO_YOU if held else _ASKING
    code = (message["error"] or {}).get("code", "")
    told = _BY_ERROR.get(code) or _BY_STATUS[status]
    return told.format_map({name: getattr(ways, name) for name in Ways.__slots__})


def _queued(message: Json, ways: Ways) -> str:
    due = moment(message["due_at"])
    when = f"It is sent at {due} or soon after" if due else "It waits for its turn"
    why = message["error"]
    before = f"The last attempt failed: {why['text'].rstrip('.')}. " if why else ""
    return f"{before}{when}; {ways.cancel.format(id=message['id'])}."
