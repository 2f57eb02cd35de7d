"""Twilio's callbacks: what became of messages and calls, and what subscribers write.

* A status callback goes to the address that went along with the message, whose ``ref`` is its id.
* Callbacks overtake each other and come twice: the state of a message sorts that out, so
  ``SequenceNumber`` is not needed.
* Twilio answers its own words (``STOP``, ``START``, ``HELP`` …) itself.

Source: docs/providers/twilio.md.
"""

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from adapters.providers.form_fields import first_of_each, form_fields
from adapters.providers.twilio_codes import OPTED_OUT, state_of
from adapters.providers.twilio_signature import TwilioSignature, is_json
from adapters.verdicts import printable
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from application.ports.system import Clock, Ids
from domain.inbound import InboundMessage, Keyword
from domain.message import MessageStatus
from domain.receipt import Receipt

CODE = "twilio"
KEYWORDS = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        Keyword.STOP,
    ),
    **dict.fromkeys(("START", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
"""The words Twilio knows where the account has not chosen others: the whole text, in any case.

``YES`` is one more to Twilio. Here it answers too many questions to take anybody off a list.
"""
_OPT_OUT_TYPES = {word: KEYWORDS[word] for word in ("STOP", "START", "HELP")}
_INBOUND = frozenset({"received", "receiving"})
_SID = re.compile(r"(SM|MM|CA)[0-9a-f]{32}", re.IGNORECASE)
_REFERENCE = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_WORD_LENGTH, _PHONE_LENGTH = 40, 32
Fields = Mapping[str, str]


class TwilioCallbacks:
    """Serves ``CallbackReader``."""

    def __init__(self, account_sid: str, tokens: Sequence[str], clock: Clock, ids: Ids) -> None:
        """Prepare it.

        Args:
            account_sid: callbacks about other accounts are refused.
            tokens: any of them may have signed.
            clock: says when something was received.
            ids: name what subscribers write.
        """
        self._account_sid = account_sid.lower()
        self._signature = TwilioSignature(tokens)
        self._clock = clock
        self._ids = ids

    def read(self, callback: Callback) -> CallbackOutcome:
        """Check and read a callback; see ``CallbackReader.read``."""
        if callback.url is None:
            return Refused("PUBLIC_URL is not set, and the signature covers the address")
        if not self._signature.covers(callback, callback.url):
            return Refused("no signature that fits; PUBLIC_URL has to be the address Twilio calls")
        if is_json(callback):
            return Ignored()
        address = first_of_each(form_fields(callback.query))
        posted = callback.method == "POST"
        fields = first_of_each(form_fields(callback.body)) if posted else address
        if fields.get("AccountSid", self._account_sid).lower() != self._account_sid:
            return Refused("about another account than TWILIO_SID")
        return self._read(fields, address.get("ref", ""))

    def _read(self, fields: Fields, reference: str) -> CallbackOutcome:
        call_status = fields.get("CallStatus")
        if call_status is not None:
            inbound = fields.get("Direction") == "inbound"
            return Ignored() if inbound else self._call(fields, call_status, reference)
        status = fields.get("MessageStatus") or fields.get("SmsStatus")
        if "Body" in fields and (status is None or status in _INBOUND):
            return self._inbound(fields)
        if not status:
            return Malformed("neither a status nor a text")
        return self._message(fields, status, reference)

    def _message(self, fields: Fields, status: str, reference: str) -> CallbackOutcome:
        code = _number(fields, "ErrorCode")
        text = printable(fields.get("ErrorMessage"))
        sid = fields.get("MessageSid") or fields.get("SmsSid")
        return self._receipt(sid, reference, status, code, text)

    def _call(self, fields: Fields, status: str, reference: str) -> CallbackOutcome:
        said = (
            ("answered by", printable(fields.get("AnsweredBy"))[:_WORD_LENGTH]),
            ("seconds:", _number(fields, "CallDuration")),
            ("SIP", _number(fields, "SipResponseCode")),
        )
        text = ", ".join(f"{name} {value}" for name, value in said if value)
        return self._receipt(fields.get("CallSid"), reference, status, None, text)

    def _receipt(
        self, sid: str | None, reference: str, status: str, code: str | None, text: str
    ) -> CallbackOutcome:
        provider_id = _sid(sid)
        if provider_id is None:
            return Malformed("no sid")
        word, state = printable(status)[:_WORD_LENGTH], state_of(status, code)
        return Receipt(
            provider=CODE,
            status=state,
            at=self._clock.now(),
            message_id=UUID(reference) if _REFERENCE.fullmatch(reference) else None,
            provider_id=provider_id,
            provider_code=word if code is None else f"{word}/{code}",
            text=text,
            opted_out=code == OPTED_OUT and state is MessageStatus.UNDELIVERABLE,
        )

    def _inbound(self, fields: Fields) -> CallbackOutcome:
        provider_id = _sid(fields.get("MessageSid") or fields.get("SmsSid"))
        phone, text = _phone(fields, "From"), fields["Body"]
        if provider_id is None or not phone:
            return Malformed("a text without its sid or its sender")
        asked = _OPT_OUT_TYPES.get(fields.get("OptOutType", ""))
        return InboundMessage(
            id=self._ids.new(),
            provider=CODE,
            phone=phone,
            to=_phone(fields, "To"),
            text=text,
            received_at=self._clock.now(),
            provider_id=provider_id,
            keyword=asked or KEYWORDS.get(text.strip().upper()),
        )


def _sid(text: str | None) -> str | None:
    trimmed = (text or "").strip()
    return trimmed if _SID.fullmatch(trimmed) else None


def _number(fields: Fields, name: str) -> str | None:
    value = fields.get(name, "")
    return value if _NUMBER.fullmatch(value) else None


def _phone(fields: Fields, name: str) -> str:
    shown = "".join(filter(str.isprintable, fields.get(name, "")))
    return shown.strip().removeprefix("+")[:_PHONE_LENGTH]
