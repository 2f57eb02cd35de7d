"""smsc.ru (also smsc.kz, smscentre.com and resellers): SMS and calls over its HTTP API.

Quirks:

- Every answer of the application has HTTP 200; ``error_code`` decides, and is looked at before
  ``id``, which refusals carry too. An ``error_code`` proves that this request was not taken; that
  an earlier one was not, "duplicate request" does not say.
- ``id`` is our reference, not an idempotency key. A message is asked about by phone and ``id``.
- A phone is sent with ``+``: without it the provider "corrects" numbers.
- ``Content-Type`` of an answer names windows-1251 whatever was asked for; it is not looked at.
- A text may have commands in it; ``smscru_text`` breaks them, so what is counted and sent may
  differ from the caller's text by a few characters.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from adapters.exchange import Answer, exchange, form_request
from adapters.providers.smscru_codes import NOT_FOUND, REFUSALS, number_of, refusal, state
from adapters.providers.smscru_text import inert_speech, inert_text
from adapters.retry_after import retry_after_s
from adapters.verdicts import printable, without_verdict
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome, Unavailable, UnavailableKind, Unconfirmed
from domain.text_limit import TextLimit

TEXT_LIMIT = TextLimit(characters=1000)
_AMOUNT_DIGITS = 18
_ID = re.compile(r"(?!0+\Z)[A-Za-z0-9._-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmscruAccount:
    """Who we are at smsc.ru.

    Attributes:
        sender: a name registered in the account; ``None`` is the account's default.
    """

    username: str
    password: str = field(repr=False)
    sender: str | None = None


class _SendReply(msgspec.Struct):
    id: int | str | None = None
    cnt: int | str | None = None
    error: str | None = None
    error_code: int | str | None = None


class _StatusReply(msgspec.Struct):
    status: int | str | None = None
    err: int | str | None = None
    error_code: int | str | None = None


class _BalanceReply(msgspec.Struct):
    balance: Decimal | None = None
    currency: str | None = None
    error_code: int | str | None = None


_SEND = msgspec.json.Decoder(_SendReply)
_STATUS = msgspec.json.Decoder(_StatusReply | list[_StatusReply])
_BALANCE = msgspec.json.Decoder(_BalanceReply)
_Reply = TypeVar("_Reply")


@dataclass(frozen=True, slots=True)
class _Fixed:
    """The part of every form that never changes; it has the password, so it is never shown."""

    form: str = field(repr=False)


class Smscru:
    """SMS, calls, lookups and the balance at smsc.ru."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        account: SmscruAccount,
        *,
        base_url: str,
        timeout_s: float,
    ) -> None:
        """Prepare what all requests share.

        Args:
            transport: keeps the promises ``exchange`` asks for.
            account: whose money is spent.
            base_url: scheme and host, such as ``https://smsc.ru``.
            timeout_s: for each request, in seconds.
        """
        self._transport = transport
        self._timeout_s = timeout_s
        self._sender = account.sender
        who = {"login": account.username, "psw": account.password}
        self._fixed = _Fixed(urlencode(who | {"fmt": "3", "charset": "utf-8"}))
        base = base_url.rstrip("/")
        self._send_url = httpx.URL(f"{base}/sys/send.php")
        self._status_url = httpx.URL(f"{base}/sys/status.php")
        self._balance_url = httpx.URL(f"{base}/sys/balance.php")

    def check_text(self, text: str) -> None:
        """Refuse a text of over 1000 characters; see ``SmsProvider.check_text``."""
        TEXT_LIMIT.check(inert_text(text))

    async def submit(self, message: Message) -> SubmitOutcome:
        """Hand the message to smsc.ru; see ``SmsProvider.submit``."""
        return await self._send(message, f"&mes={quote(inert_text(message.text), safe='')}")

    def check_speech(self, text: str) -> None:
        """Refuse a text of over 1000 characters; see ``VoiceProvider.check_speech``."""
        TEXT_LIMIT.check(inert_speech(text))

    async def place(self, call: Message) -> SubmitOutcome:
        """Ask for the call; voice and repeats are the account's. See ``VoiceProvider.place``."""
        return await self._send(call, f"&call=1&mes={quote(inert_speech(call.text), safe='')}")

    async def find(self, attempt: Attempt) -> Lookup:
        """Ask by phone and reference; see ``ProviderLookup.find``."""
        message = attempt.message
        name = message.provider_id or reference(message)
        form = f"&phone={message.recipient.msisdn}&id={quote(name, safe='')}&all=0"
        answer = await self._post(self._status_url, form)
        if not isinstance(answer, Answer):
            return NoAnswer(answer.text)
        return _read_state(answer, name)

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the money left; see ``BalanceSource.balance``."""
        answer = await self._post(self._balance_url, "&cur=1")
        if not isinstance(answer, Answer):
            return NoAnswer(answer.text)
        return _read_balance(answer)

    async def _send(self, message: Message, what: str) -> SubmitOutcome:
        sender = message.sender.text if message.sender else self._sender
        form = f"&phones=%2B{message.recipient.msisdn}&id={reference(message)}{what}"
        if sender:
            form += f"&sender={quote(sender, safe='')}"
        answer = await self._post(self._send_url, form)
        return _read_outcome(answer) if isinstance(answer, Answer) else answer

    async def _post(self, url: httpx.URL, form: str) -> Answer | Unavailable | Unconfirmed:
        content = f"{self._fixed.form}{form}".encode()
        request = form_request(url, content)
        return await exchange(self._transport, request, timeout_s=self._timeout_s)


def reference(message: Message) -> str:
    """Name a message for smsc.ru: a letter, as a number would have to fit 31 bits, and its id."""
    return f"h{message.id.hex}"


def _read_outcome(response: Answer) -> SubmitOutcome:
    reply = _decoded(_SEND, response) or _SendReply()
    code, said = number_of(reply.error_code), printable(reply.error)
    if code in REFUSALS:
        return refusal(code, said)
    if response.status_code != httpx.codes.OK:
        return without_verdict(response, f"HTTP {response.status_code}")
    if code is not None and int(code) > 0:
        text = said or f"error {code}"
        return Unavailable(kind=UnavailableKind.TEMPORARY, provider_code=code, text=text)
    name = _ID.fullmatch("" if reply.id is None else str(reply.id))
    refused = reply.error_code is not None or reply.error is not None
    if name is None or refused or int(number_of(reply.cnt) or 0) < 1:
        return Unconfirmed("no verdict in the answer")
    return Accepted(name.group())


def _read_state(response: Answer, name: str) -> Lookup:
    decoded = _decoded(_STATUS, response)
    replies = decoded if isinstance(decoded, list) else [decoded or _StatusReply()]
    reply = replies[0] if len(replies) == 1 else _StatusReply()
    status = number_of(reply.status)
    if response.status_code != httpx.codes.OK or reply.error_code is not None or status is None:
        return _no_answer(response, reply.error_code)
    if status == NOT_FOUND:
        return NotFound()
    # Recorded answers about delivered messages have no ``err`` at all.
    err = number_of(reply.err) or "0"
    found, text = state(status, err)
    code = status if err == "0" else f"{status}/{err}"
    return Found(status=found, provider_id=name, provider_code=code, text=text)


def _read_balance(response: Answer) -> Balance | NoAnswer:
    reply = _decoded(_BALANCE, response) or _BalanceReply()
    amount = reply.balance
    if response.status_code != httpx.codes.OK or reply.error_code is not None or amount is None:
        return _no_answer(response, reply.error_code)
    # Decimal reads 1e999999 too, which nobody could write out.
    if not amount.is_finite() or abs(amount.adjusted()) > _AMOUNT_DIGITS:
        return NoAnswer("no amount of money")
    return Balance(amount, printable(reply.currency) or None)


def _no_answer(response: Answer, error_code: int | str | None) -> NoAnswer:
    code = number_of(error_code)
    if code not in REFUSALS:
        seen = f"error {code}" if code else f"no answer to read, HTTP {response.status_code}"
        return NoAnswer(seen, retry_after_s(response))
    known = REFUSALS[code]
    wait_s = known.retry_after_s if isinstance(known, Unavailable) else None
    return NoAnswer(f"error {code}: {known.text}", wait_s)


def _decoded(decoder: msgspec.json.Decoder[_Reply], response: Answer) -> _Reply | None:
    try:
        return decoder.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
