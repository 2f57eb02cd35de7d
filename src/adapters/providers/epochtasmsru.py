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
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import httpx

from adapters.exchange import Answer, exchange, form_request
from adapters.providers.epochtasmsru_answers import (
    read_balance,
    read_document,
    read_outcome,
    read_states,
)
from domain.errors import InvalidTextError
from domain.lookup import Attempt, Balance, Lookup, NoAnswer
from domain.message import Message
from domain.outcome import SubmitOutcome
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
_STATE = _form("GETSTATUS", "<statistics>{references}</statistics>")
_BALANCE = _form("BALANCE")

_LIMIT = TextLimit(segments=10)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLACEHOLDER = re.compile("%[0-9]+%")


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
    """Short messages through ePochta SMS; serves the SMS, lookup, receipt and balance ports.

    Attributes:
        batch: the most references of one question.
    """

    batch = 100

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
        return read_outcome(answer) if isinstance(answer, Answer) else answer

    async def find(self, attempt: Attempt) -> Lookup:
        """Ask for the state by our reference; see ``ProviderLookup.find``."""
        (state,) = await self.states([attempt.message])
        return state

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        """Ask by our references, all at once; see ``ReceiptSource.states``."""
        references = [message.id.hex for message in messages]
        asked = quote_plus("".join(f"<messageid>{name}</messageid>" for name in references))
        answer = await self._ask(self._desk.request(_STATE, references=asked))
        if isinstance(answer, NoAnswer):
            return [answer for _ in messages]
        return read_states(answer, references)

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the balance, in money where the answer names a currency, else in credits."""
        answer = await self._ask(self._desk.request(_BALANCE))
        return answer if isinstance(answer, NoAnswer) else read_balance(answer)

    async def _ask(self, request: httpx.Request) -> ET.Element | NoAnswer:
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        return read_document(answer) if isinstance(answer, Answer) else NoAnswer(answer.text)


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
