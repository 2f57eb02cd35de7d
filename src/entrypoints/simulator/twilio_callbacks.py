"""What Twilio posts: to the URL each submission gave, and inbound messages to the number's own.

The fragment of a URL says how often a post is repeated: without one once, and only where no
connection could be made.
"""

import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urldefrag, urlencode

from entrypoints.simulator.accounts import TwilioAccount
from entrypoints.simulator.callbacks import FORM, Callback, CallbackKind, Failure, Post, Retries
from entrypoints.simulator.gateway import Addresses
from entrypoints.simulator.inbound import Inbound
from entrypoints.simulator.phones import plain
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.signatures import twilio_signature
from entrypoints.simulator.states import State
from entrypoints.simulator.twilio_resources import known_status
from entrypoints.simulator.twilio_steps import call_steps, message_steps
from entrypoints.simulator.wire import ProviderCode

_API = "2010-04-01"
_POSTS_USUAL, _RETRIES_MAX = 2, 5


class TwilioTeller:
    """Writes the callbacks of one account."""

    def __init__(self, account: TwilioAccount, addresses: Addresses) -> None:
        self._account = account
        self._addresses = addresses

    def receipts(self, message: SentMessage, state: State) -> Sequence[Callback]:
        """Tell what the submission subscribed to; see ``Teller``."""
        url = message.parameters.get("StatusCallback")
        if not url:
            return ()
        status = known_status(message, state)
        if message.channel == "call":
            steps = call_steps(message, status)
        else:
            steps = message_steps(message, status, state.error_code)
        return [self._receipt(url, message, word, fields) for word, fields in steps]

    def inbound(self, inbound: Inbound) -> Callback | None:
        """Tell everything but media; see ``Teller``."""
        url = self._addresses.handler(self._account.inbound_handler)
        if url is None:
            return None
        sid = inbound.id or f"SM{secrets.token_hex(16)}"
        fields = {
            **dict.fromkeys(("MessageSid", "SmsSid", "SmsMessageSid"), sid),
            "AccountSid": self._account.sid,
            **({"MessagingServiceSid": inbound.service} if inbound.service else {}),
            "From": f"+{plain(inbound.phone)}",
            "To": f"+{plain(inbound.to)}",
            "Body": inbound.text,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": _API,
            **({"OptOutType": inbound.opt_out_type} if inbound.opt_out_type else {}),
            **{f"{end}{part}": "" for end in ("From", "To") for part in ("City", "State", "Zip")},
            "FromCountry": "KZ",
        }
        post = self._signed(url, fields)
        return Callback(
            provider=ProviderCode.TWILIO,
            kind=CallbackKind.INBOUND,
            url=url,
            word=inbound.opt_out_type or "",
            phone=plain(inbound.phone),
            provider_id=sid,
            retries=_retries(url),
            write=lambda _: post,
        )

    def _receipt(
        self, url: str, message: SentMessage, word: str, more: Mapping[str, str]
    ) -> Callback:
        fields = {
            "AccountSid": self._account.sid,
            "ApiVersion": _API,
            "To": message.wire_recipient,
            **({"From": message.parameters["From"]} if message.parameters.get("From") else {}),
            **more,
        }
        post = self._signed(url, fields)
        return Callback(
            provider=ProviderCode.TWILIO,
            kind=CallbackKind.RECEIPT,
            url=url,
            word=word,
            phone=message.recipient,
            reference=message.reference,
            provider_id=message.provider_id,
            retries=_retries(url),
            write=lambda _: post,
        )

    def _signed(self, url: str, fields: Mapping[str, str]) -> Post:
        headers = {
            "Content-Type": FORM,
            "X-Twilio-Signature": twilio_signature(url, fields, self._account.token),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
        return Post(urlencode(fields).encode(), headers)


def _retries(url: str) -> Retries:
    asked = parse_qs(urldefrag(url).fragment)
    if not asked:
        return Retries(posts_max=_POSTS_USUAL, after=frozenset({Failure.CONNECT}))
    count = asked.get("rc", ["1"])[-1]
    retries = min(int(count), _RETRIES_MAX) if count.isdecimal() else 1
    after = asked.get("rp", [Failure.CONNECT])[-1].split(",")
    every = frozenset(Failure) if "all" in after else frozenset()
    return Retries(posts_max=1 + retries, after=every | {f for f in Failure if f in after})
