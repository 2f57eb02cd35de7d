"""ePochta SMS (AtomPark), XML API 2.0.

Quirks:
    - One form field, ``XML``, holds a document with login and password in it. The element is
      spelled ``authentification``.
    - Our reference is ``messageID``, an attribute, when sending and ``messageid``, an element, when
      asking. It is a message's only name and no idempotency key: sent twice, it arrives twice.
    - Errors come with HTTP 200. ``status`` above 0 counts messages taken, below 0 it is an error; 0
      is success when asking for the balance and means nothing when sending.
    - ``%1%`` is filled from a list of variables; without the list its fate is not documented.

Source: the provider's page ``epochtasms.ru/api/v2.php``.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import httpx

from adapters.exchange import Answer, exchange, form_request
from adapters.providers.epochtasmsru_codes import FURTHEST_LAST, REFUSALS, STATES, UNLISTED
from adapters.retry_after import retry_after_s
from adapters.verdicts import without_verdict
from domain.errors import InvalidTextError
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import Message, MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from domain.text_limit import TextLimit


def _form(operation: str, rest: str = "") -> str:
    """Write the form as a template: everything but the values is percent-encoded already."""
    return "XML=" + quote_plus(
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<SMS><operations><operation>{operation}</operation></operations>"
        "<authentification><username>{username}</username><password>{password}</password>"
        f"</authentification>{rest}</SMS>",
        safe="{}",
    )


_PATH = "/members/sms/xml.php"
_SEND = _form(
    "SEND",
    "<message><sender>{sender}</sender><text>{text}</text></message>"
    '<numbers><number messageID="{reference}">{recipient}</number></numbers>',
)
_STATE = _form("GETSTATUS", "<statistics><messageid>{reference}</messageid></statistics>")
_BALANCE = _form("BALANCE")

_LIMIT = TextLimit(segments=10)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLACEHOLDER = re.compile("%[0-9]+%")
_WORD_LENGTH, _AMOUNT_DIGITS = 64, 18
_INTEGER = re.compile("[+-]?[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochtasmsruAccount:
    """Login to the cabinet and the default sender.

    Attributes:
        sender: up to 14 digits, or up to 11 Latin letters and digits.
    """

    username: str
    password: str = field(repr=False)
    sender: str


class Epochtasmsru:
    """Short messages through ePochta SMS; serves the SMS, lookup and balance ports."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        account: EpochtasmsruAccount,
        *,
        base_url: str,
        timeout_s: float,
    ) -> None:
        self._transport = transport
        self._desk = _Desk(account, base_url)
        self._sender = _escaped(account.sender)
        self._timeout_s = timeout_s

    def check_text(self, text: str) -> None:
        """Refuse a text that is too long or that the document could not carry unchanged.

        Raises:
            MessageTooLongError: over 10 segments.
            InvalidTextError: a character XML 1.0 forbids, or a placeholder such as ``%1%``.
        """
        if forbidden := _NOT_XML.search(text):
            point = f"U+{ord(forbidden[0]):04X}"
            raise InvalidTextError(f"ePochta cannot carry the character {point}; take it out.")
        if placeholder := _PLACEHOLDER.search(text):
            mark = placeholder[0]
            raise InvalidTextError(f"ePochta fills in {mark} by itself; write it another way.")
        _LIMIT.check(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        """Hand the message to ePochta; see ``SmsProvider.submit``."""
        request = self._desk.request(
            _SEND,
            sender=self._sender if message.sender is None else _escaped(message.sender.text),
            text=_escaped(message.text),
            reference=message.id.hex,
            recipient=message.recipient.msisdn,
        )
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        return _outcome(answer) if isinstance(answer, Answer) else answer

    async def find(self, attempt: Attempt) -> Lookup:
        """Ask for the state by our reference; see ``ProviderLookup.find``."""
        reference = attempt.message.id.hex
        answer = await self._ask(self._desk.request(_STATE, reference=reference))
        return answer if isinstance(answer, NoAnswer) else _found(answer, reference)

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the balance, in money where the answer names a currency, else in credits."""
        answer = await self._ask(self._desk.request(_BALANCE))
        return answer if isinstance(answer, NoAnswer) else _balance(answer)

    async def _ask(self, request: httpx.Request) -> ET.Element | NoAnswer:
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        if not isinstance(answer, Answer):
            return NoAnswer(answer.text)
        document = _document(answer)
        if document is None:
            return NoAnswer(
                f"an unreadable answer with HTTP {answer.status_code}", retry_after_s(answer)
            )
        status = _status(document)
        if status is not None and status < 0:
            return NoAnswer(f"{status}: {REFUSALS.get(status, UNLISTED)[1]}")
        return document


class _Desk:
    """Makes the requests; the password stays in here, where no repr of the adapter shows it."""

    def __init__(self, account: EpochtasmsruAccount, base_url: str) -> None:
        self._url = httpx.URL(base_url.rstrip("/") + _PATH)
        login = {"username": account.username, "password": account.password}
        self._login = {name: _escaped(value) for name, value in login.items()}

    def request(self, form: str, **escaped: str) -> httpx.Request:
        body = form.format(**self._login, **escaped).encode("ascii")
        return form_request(self._url, body)


def _escaped(text: str) -> str:
    # A reader of XML turns a bare CR into LF; written as a reference it stays what it is.
    return quote_plus(escape(text, {"\r": "&#13;"}))


def _document(response: Answer) -> ET.Element | None:
    """Read the XML of an HTTP 200 answer, ``None`` where there is none to be trusted."""
    if response.status_code != HTTPStatus.OK:
        return None
    try:
        text = response.content.decode()
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            return None
        return ET.fromstring(text)  # noqa: S314 - no DTD gets here, and bodies end at 1 MiB
    except (UnicodeDecodeError, ET.ParseError, RecursionError):
        return None


def _status(document: ET.Element) -> int | None:
    if document.tag != "RESPONSE":
        return None
    text = document.findtext("status", "").strip()
    return int(text) if _INTEGER.fullmatch(text) else None


def _outcome(response: Answer) -> SubmitOutcome:
    document = _document(response)
    status = None if document is None else _status(document)
    if status is None:
        return without_verdict(response, f"HTTP {response.status_code} without a verdict")
    if status > 0:
        return Accepted()
    if status == 0:
        return Unconfirmed("neither taken nor refused", provider_code="0")
    means, text = REFUSALS.get(status, UNLISTED)
    if isinstance(means, UnavailableKind):
        return Unavailable(kind=means, provider_code=str(status), text=text)
    return Rejected(reason=means, provider_code=str(status), text=text)


def _found(report: ET.Element, reference: str) -> Lookup:
    if report.tag != "deliveryreport":
        return NoAnswer("the answer is no delivery report")
    messages = report.findall("message")
    words = [m.get("status", "").strip() for m in messages if m.get("id") == reference]
    if not words:
        return NotFound()
    # A message that was sent twice is there twice.
    word = max(words, key=lambda word: FURTHEST_LAST.index(_state(word)))
    return Found(status=_state(word), provider_code=word[:_WORD_LENGTH] or None)


def _state(word: str) -> MessageStatus:
    return STATES.get(word.upper(), MessageStatus.SUBMITTED)


def _balance(answer: ET.Element) -> Balance | NoAnswer:
    amount, currency = answer.findtext("amount"), answer.findtext("currency")
    if not (amount and currency):
        amount, currency = answer.findtext("credits"), None
    try:
        money = Decimal(amount or "")
    except InvalidOperation:
        return NoAnswer("no amount in the answer")
    # Decimal reads 1e999999 too, which nobody could write out.
    if _status(answer) != 0 or not money.is_finite() or abs(money.adjusted()) > _AMOUNT_DIGITS:
        return NoAnswer("no balance in the answer")
    return Balance(money, currency)
