"""Mobizon's webhooks: the final states of messages, as JSON.

``sign`` covers the event's number, attempt and time, and nothing of what it says: whoever has seen
one event can say anything with it. So a receipt from here is weak, and Mobizon is asked before it
counts. Events of every system that uses the account come here.

Source: docs/providers/mobizonkz.md.
"""

import hmac
from hashlib import sha1
from typing import Annotated

import msgspec

from adapters.providers.mobizonkz_answers import Id, decoded, state_of
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from application.ports.system import Clock
from domain.receipt import Receipt

CODE = "mobizonkz"
_REPORT = "sms-delivery-report"
_Count = (
    Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    | Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,20}\Z")]
)


class _Event(msgspec.Struct, rename="camel"):
    event_id: _Count
    attempt: _Count
    event_create_ts: Annotated[str, msgspec.Meta(max_length=40)]
    event_type: str = ""
    sign: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Report(msgspec.Struct, rename="camel"):
    message_id: Id
    status: str


_EVENT = msgspec.json.Decoder(_Event)
_REPORTED = msgspec.json.Decoder(_Report)


class MobizonkzCallbacks:
    """Serves ``CallbackReader``."""

    def __init__(self, secret: str | None, clock: Clock) -> None:
        """Prepare it.

        Args:
            secret: the key of the webhook; without one nothing is believed.
            clock: says when something was received.
        """
        self._secret = (secret or "").encode()
        self._clock = clock

    def read(self, callback: Callback) -> CallbackOutcome:
        """Check and read a callback; see ``CallbackReader.read``."""
        if not self._secret:
            return Refused("MOBIZONKZ_WEBHOOK_SECRET is not set")
        event = decoded(_EVENT, callback.body)
        if event is None:
            return Malformed("no event in JSON; choose json as the format of the webhook")
        if not self._signed(event):
            return Refused("no sign that fits; it needs MOBIZONKZ_WEBHOOK_SECRET")
        return self._report(event) if event.event_type == _REPORT else Ignored()

    def _signed(self, event: _Event) -> bool:
        head = f"{event.event_id}|{event.attempt}|{event.event_create_ts}|".encode()
        digest = sha1(head + self._secret, usedforsecurity=False)  # the provider's choice
        return hmac.compare_digest(digest.hexdigest().encode(), event.sign.encode())

    def _report(self, event: _Event) -> CallbackOutcome:
        report = decoded(_REPORTED, event.data)
        if report is None:
            return Malformed("a delivery report without an id or a status")
        status, word = state_of(report.status)
        return Receipt(
            provider=CODE,
            status=status,
            at=self._clock.now(),
            provider_id=str(report.message_id),
            provider_code=word,
            weak=True,
        )
