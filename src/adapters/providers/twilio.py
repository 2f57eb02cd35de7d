"""Twilio: SMS and calls.

* A request has no idempotency key, and no reference of ours but in the address of its callbacks:
  an unknown outcome is resolved by a callback, or by looking for a message to the same number with
  the same text, and the list may lag by minutes.
* 503 is an unknown outcome as much as 500, even with ``Retry-After``; only 429 is safe to repeat.
* An empty parameter is an error (20001), a misspelt one is ignored.
* A messaging service (``MG…``) chooses the sender of a message; a call needs a number of ours.

Source: docs/providers/twilio.md.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import httpx

from adapters.exchange import Answer, exchange, form_request
from adapters.providers.twilio_answers import Search, read_balance, read_found, read_outcome
from adapters.providers.twilio_speech import TwilioVoice, check_speakable, twiml
from domain.lookup import Attempt, Balance, Lookup, NoAnswer
from domain.message import Channel, Message
from domain.outcome import SubmitOutcome, Unavailable, UnavailableKind
from domain.text_limit import TextLimit

__all__ = ["Twilio", "TwilioAccount", "TwilioVoice"]

TEXT_LIMIT = TextLimit(characters=1600)
MAX_PAGES = 5
DEFAULT_VOICE = TwilioVoice()
_FOLDERS = {Channel.SMS: "Messages", Channel.CALL: "Calls"}
_CALLBACK_RETRIES = quote_plus("#rc=3&rp=ct,rt,5xx")
"""Without it an error of ours would lose the callback: it would not come again."""
_CALL_EVENTS = "&StatusCallbackEvent=initiated&StatusCallbackEvent=completed"
"""That Twilio has it, and how it ended, whichever way."""
_SHORTEST_NUMBER = 7  # digits; fewer are a short code, which has no "+"
_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.IGNORECASE)
_DIGITS = re.compile(r"\+?([0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """Who we are to Twilio.

    Attributes:
        sid: ``AC`` and 32 hexadecimal digits.
        token: the auth token.
        phone: the default sender: a number with or without ``+``, a name, or the ``MG…`` of a
            messaging service.
    """

    sid: str
    token: str = field(repr=False)
    phone: str


class _Sender(NamedTuple):
    parameter: str
    value: str

    @property
    def form(self) -> str:
        return f"{self.parameter}={quote_plus(self.value)}"


class Twilio:
    """Serves ``SmsProvider``, ``VoiceProvider``, ``ProviderLookup`` and ``BalanceSource``."""

    def __init__(  # noqa: PLR0913 - what a deployment can set
        self,
        transport: httpx.AsyncBaseTransport,
        account: TwilioAccount,
        *,
        base_url: str,
        timeout_s: float,
        voice: TwilioVoice = DEFAULT_VOICE,
        receipts_url: str | None = None,
    ) -> None:
        """Prepare whatever is the same for every message.

        Args:
            transport: makes the connections; see ``exchange``.
            account: whose money and numbers are used.
            base_url: scheme and host, such as ``https://api.twilio.com``.
            timeout_s: for one exchange, in seconds; Twilio's own limit was seen near 26.
            voice: who reads, and for how long.
            receipts_url: where Twilio reports, without a query; ``None`` asks for no reports.
        """
        self._transport = transport
        self._timeout_s = timeout_s
        self._voice = voice
        self._root = base_url.rstrip("/")
        self._account_url = f"{self._root}/2010-04-01/Accounts/{quote(account.sid, safe='')}"
        self._urls = {
            channel: httpx.URL(f"{self._account_url}/{folder}.json")
            for channel, folder in _FOLDERS.items()
        }
        basic = b64encode(f"{account.sid}:{account.token}".encode()).decode()
        self._headers = httpx.Headers({"Authorization": f"Basic {basic}"})
        self._sender = _sender(account.phone)
        self._sender_form = self._sender.form
        self._report = _report(receipts_url)
        self._call_form = f"Timeout={voice.ring_s}&TimeLimit={voice.time_limit_s}"
        if receipts_url is not None:
            self._call_form += _CALL_EVENTS

    def check_text(self, text: str) -> None:
        """Refuse over 1600 characters; see ``SmsProvider.check_text``."""
        TEXT_LIMIT.check(text)

    def check_speech(self, text: str) -> None:
        """Refuse Kazakh, and over 4000 characters of TwiML; see ``VoiceProvider.check_speech``.

        Raises:
            InvalidTextError: it has letters only Kazakh has.
        """
        check_speakable(text, self._voice)

    async def submit(self, message: Message) -> SubmitOutcome:
        """Hand the message to Twilio; see ``SmsProvider.submit``."""
        return await self._post(message, f"Body={quote_plus(message.text)}")

    async def place(self, call: Message) -> SubmitOutcome:
        """Ask Twilio for the call; see ``VoiceProvider.place``."""
        if not self._sender_of(call).value.startswith("+"):
            return Unavailable(
                kind=UnavailableKind.CONFIGURATION,
                text="Twilio calls from a number only, not from a name or a messaging service.",
            )
        speech = quote_plus(twiml(call.text, self._voice))
        return await self._post(call, f"{self._call_form}&Twiml={speech}")

    async def find(self, attempt: Attempt) -> Lookup:
        """Ask by Twilio's id, or look for what the attempt would have made."""
        sid = attempt.message.provider_id
        if sid is None:
            return await self._search(attempt)
        folder = _FOLDERS[attempt.message.channel]
        answer = await self._get(f"{self._account_url}/{folder}/{quote(sid, safe='')}.json")
        return answer if isinstance(answer, NoAnswer) else read_found(answer, sid)

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the balance; see ``BalanceSource.balance``."""
        answer = await self._get(f"{self._account_url}/Balance.json")
        return answer if isinstance(answer, NoAnswer) else read_balance(answer)

    async def _search(self, attempt: Attempt) -> Lookup:
        message = attempt.message
        sender = self._sender_of(message)
        url = f"{self._urls[message.channel]}?To=%2B{message.recipient.msisdn}&PageSize=50"
        if message.channel is Channel.CALL:
            url += f"&{sender.form}"
        search = Search(attempt, sender.value)
        for _ in range(MAX_PAGES):
            answer = await self._get(url)
            read = answer if isinstance(answer, NoAnswer) else search.read(answer)
            if not isinstance(read, str):
                return read
            url = f"{self._root}{read}"
        return NoAnswer(f"over {MAX_PAGES} pages since the attempt")

    async def _post(self, message: Message, parameters: str) -> SubmitOutcome:
        sender = self._sender_form if message.sender is None else self._sender_of(message).form
        form = f"To=%2B{message.recipient.msisdn}&{sender}&{parameters}"
        if self._report is not None:
            form += self._report.format(reference=message.id.hex)
        request = form_request(self._urls[message.channel], form.encode(), self._headers)
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        if isinstance(answer, Answer):
            return read_outcome(answer, message.channel)
        return answer

    async def _get(self, url: str) -> Answer | NoAnswer:
        request = httpx.Request("GET", url, headers=self._headers)
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        return answer if isinstance(answer, Answer) else NoAnswer(answer.text)

    def _sender_of(self, message: Message) -> _Sender:
        return self._sender if message.sender is None else _sender(message.sender.text)


def _report(receipts_url: str | None) -> str | None:
    if receipts_url is None:
        return None
    address = quote_plus(f"{receipts_url}?ref=")  # no brace is left in it
    return f"&StatusCallback={address}{{reference}}{_CALLBACK_RETRIES}"


def _sender(text: str) -> _Sender:
    if _SERVICE.fullmatch(text):
        return _Sender("MessagingServiceSid", text)
    digits = _DIGITS.fullmatch(text)
    if digits is None:
        return _Sender("From", text)
    plus = "+" if len(digits[1]) >= _SHORTEST_NUMBER else ""
    return _Sender("From", f"{plus}{digits[1]}")
