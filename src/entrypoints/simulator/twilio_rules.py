"""What Twilio refuses at once: its checks of a message and of a call, in its own numbers."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from entrypoints.simulator.segments import utf16_units
from entrypoints.simulator.wire import RefusedError

BODY_MAX = 1_600
TWIML_MAX = 4_000
_VALIDITY_MAX_S = 36_000
_RING_MAX_S = 600
_EVENTS = {"initiated", "ringing", "answered", "completed"}

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = re.compile(r"(?:(whatsapp|messenger|rcs):)?(.+)", re.DOTALL)
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_DIGITS = re.compile(r"[0-9]{1,9}")

_MAGIC = "+1500555000"
_MESSAGE_TO = {"1": 21211, "2": 21612, "3": 21408, "4": 21610, "9": 21614}
_MESSAGE_FROM = {"1": 21212, "7": 21606, "8": 21611}
_CALL_TO = {"1": 21217, "2": 21214, "3": 21215, "4": 21216}
_CALL_FROM = {"1": 21212}


def check_message(fields: Mapping[str, str], senders: frozenset[str] | None) -> None:
    """Refuse what cannot be a message.

    Raises:
        RefusedError: with the number Twilio would give.
    """
    to = _address(fields, 21604, 21211)
    if not any(fields.get(name) for name in ("Body", "MediaUrl", "ContentSid")):
        raise RefusedError(21602)
    # Whether an emoji counts once or twice is not documented: here it counts twice.
    if utf16_units(fields.get("Body", "")) > BODY_MAX:
        raise RefusedError(21617)
    _check_sender(fields, to, senders)
    _refuse_magic(to, _MESSAGE_TO)
    seconds = _number(fields, "ValidityPeriod")
    if seconds is not None and not 1 <= seconds <= _VALIDITY_MAX_S:
        raise RefusedError(21624)
    _check_callback(fields)


def check_call(
    fields: Mapping[str, str], events: tuple[str, ...], senders: frozenset[str] | None
) -> None:
    """Refuse what cannot be a call.

    Raises:
        RefusedError: with the number Twilio would give.
    """
    to = _address(fields, 21201, 21217)
    sender = fields.get("From")
    if not sender:
        raise RefusedError(21213)
    _refuse_magic(sender, _CALL_FROM)
    if not _E164.fullmatch(sender):
        raise RefusedError(21212)
    if senders is not None and sender not in senders:
        raise RefusedError(21210)
    _refuse_magic(to, _CALL_TO)
    if not any(fields.get(name) for name in ("Url", "Twiml", "ApplicationSid")):
        raise RefusedError(21205)
    if len(fields.get("Twiml", "")) > TWIML_MAX:
        raise RefusedError(32018)
    if (_number(fields, "Timeout") or 0) > _RING_MAX_S:
        raise RefusedError(21208)
    if not _EVENTS.issuperset(events):
        raise RefusedError(21626)
    _check_callback(fields)


def _address(fields: Mapping[str, str], missing: int, invalid: int) -> str:
    written = fields.get("To")
    if not written:
        raise RefusedError(missing)
    address = _ADDRESS.fullmatch(written)
    if address is None or not _E164.fullmatch(address[2]) or written == fields.get("From"):
        text = f"The 'To' number {written} is not a valid phone number."
        raise RefusedError(invalid, text)
    return written


def _check_sender(fields: Mapping[str, str], to: str, senders: frozenset[str] | None) -> None:
    sender, service = fields.get("From"), fields.get("MessagingServiceSid")
    if service and not _SERVICE.fullmatch(service):
        raise RefusedError(21705)
    if not sender:
        if not service:
            raise RefusedError(21603)
        return
    _refuse_magic(sender, _MESSAGE_FROM)
    address = _ADDRESS.fullmatch(sender)
    bare = address[2] if address else sender
    if not any(kind.fullmatch(bare) for kind in (_E164, _SHORT_CODE, _NAME)):
        raise RefusedError(21212, f"The 'From' number {sender} is not a valid phone number.")
    if senders is not None and sender not in senders:
        raise RefusedError(21606)
    if to.startswith("+1") and _NAME.fullmatch(bare):
        raise RefusedError(21612)


def _refuse_magic(number: str, codes: Mapping[str, int]) -> None:
    code = codes.get(number.removeprefix(_MAGIC)) if number.startswith(_MAGIC) else None
    if code is not None:
        raise RefusedError(code)


def _number(fields: Mapping[str, str], name: str) -> int | None:
    written = fields.get(name)
    if written is None:
        return None
    # An empty value is no absent one: it is read as a number, and is none.
    if not _DIGITS.fullmatch(written):
        raise RefusedError(20001, f"Parameter {name} is not a number.")
    return int(written)


def _check_callback(fields: Mapping[str, str]) -> None:
    written = fields.get("StatusCallback")
    if written is None:
        return
    try:
        url = urlsplit(written)
        good = url.scheme in ("http", "https") and bool(url.hostname)
    except ValueError:
        good = False
    # Loopback addresses pass: a stand-in has no other neighbours.
    if not good or "_" in (url.hostname or ""):
        raise RefusedError(21609)
