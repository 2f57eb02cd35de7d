"""ePochta's side of the wire: the XML document in the form field ``XML``.

Every answer is HTTP 200. A send is answered with a bare count, without ids and without a word on
single numbers; the client's ``messageID`` is the only handle afterwards, and a repeated one is no
hindrance: both messages go out, and both are reported.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from entrypoints.simulator.accounts import EpochtasmsruAccount
from entrypoints.simulator.phones import msisdn
from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentLog, SentMessage
from entrypoints.simulator.states import StateBoard
from entrypoints.simulator.wire import (
    Arrival,
    Operation,
    ProviderCode,
    RefusedError,
    Reply,
    html_page,
)
from entrypoints.simulator.xml_reader import UnreadableXmlError, read_xml

_PATHS = {"/members/sms/xml.php", "/sms/xml.php"}
_AUTH_FAILED, _XML_ERROR, _NO_RECIPIENTS, _INVALID_TEXT, _BAD_SENDER = -1, -2, -4, -5, -7
_OPERATION = re.compile(r"<operation>\s*([A-Z]+)\s*</operation>")
_SENDER = re.compile(r"[0-9]{1,14}|[A-Za-z0-9 ._-]{1,11}")
_NUMBER = re.compile(r"\+?[1-9][0-9]{9,14}")
_PLACEHOLDER = re.compile(r"%[0-9]+%")
_NO_DATE = "0000-00-00 00:00:00"
_IN_QUEUE, _UNDER_WAY = {"", "0"}, {"", "0", "SENT"}
_CREDITS, _AMOUNT = Decimal("0.2235"), Decimal("0.0916")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_OPERATIONS = {
    "SEND": Operation.SEND,
    "GETSTATUS": Operation.LOOKUP,
    "BALANCE": Operation.BALANCE,
    "GETPRICE": Operation.OTHER,
}


class Epochtasmsru:
    """One account at ePochta."""

    provider = ProviderCode.EPOCHTASMSRU

    def __init__(self, account: EpochtasmsruAccount, sent: SentLog, states: StateBoard) -> None:
        self._account = account
        self._sent = sent
        self._states = states

    def operation(self, arrival: Arrival) -> Operation:
        """Tell by the name in the document; see ``Wire.operation``."""
        name = _OPERATION.search(arrival.body.raw("XML"))
        return _OPERATIONS.get(name[1], Operation.OTHER) if name else Operation.OTHER

    def answer(self, arrival: Arrival) -> Reply:
        """Carry the document's operation out; see ``Wire.answer``."""
        if arrival.path not in _PATHS:
            return html_page(404)
        operations: dict[str, Callable[[Element, Arrival], str]] = {
            "SEND": self._send,
            "GETSTATUS": self._status,
            "BALANCE": self._balance,
            "GETPRICE": self._price,
        }
        try:
            document = _read(arrival)
            self._authorise(document)
            name = document.findtext("operations/operation", "").strip()
            return _reply(operations.get(name, _unknown)(document, arrival))
        except RefusedError as refusal:
            return self.refuse(arrival, refusal)

    def refuse(self, _: Arrival, refusal: RefusedError) -> Reply:
        """Answer with a status below zero; see ``Wire.refuse``."""
        return _reply(f"<RESPONSE><status>{refusal.code}</status></RESPONSE>")

    def break_down(self, http_status: int) -> Reply:
        """Answer with the page of the proxy in front; see ``Wire.break_down``."""
        return html_page(http_status)

    def _authorise(self, document: Element) -> None:
        given = tuple(
            document.findtext(f"authentification/{name}", "") for name in ("username", "password")
        )
        if given != (self._account.username, self._account.password):
            raise RefusedError(_AUTH_FAILED)

    def _send(self, document: Element, arrival: Arrival) -> str:
        numbers = document.findall("numbers/number")
        good = self._checked(document, numbers)
        sender = document.findtext("message/sender", "")
        text = document.findtext("message/text", "")
        for number in good:
            self._sent.add(_taken(number, sender, text, arrival))
        # The count is that of the numbers asked for; only the price knows the wrong ones.
        return _priced(len(numbers), text, len(good))

    def _price(self, document: Element, _: Arrival) -> str:
        good = self._checked(document, document.findall("numbers/number"))
        return _priced(0, document.findtext("message/text", ""), len(good))

    def _checked(self, document: Element, numbers: list[Element]) -> list[Element]:
        sender = document.findtext("message/sender", "")
        known = self._account.senders
        if not _SENDER.fullmatch(sender) or (known is not None and sender not in known):
            raise RefusedError(_BAD_SENDER)
        if not document.findtext("message/text", ""):
            raise RefusedError(_INVALID_TEXT)
        good = [number for number in numbers if _NUMBER.fullmatch((number.text or "").strip())]
        if not good:
            raise RefusedError(_NO_RECIPIENTS)
        return good

    def _status(self, document: Element, _: Arrival) -> str:
        asked = [item.text or "" for item in document.findall("statistics/messageid")]
        items = [
            _reported(message, "DELIVERED" if state.status is None else str(state.status))
            for message_id in asked
            for message in self._sent.find(provider=self.provider, reference=message_id)
            if (state := self._states.look(message)) is not None
        ]
        return f"<deliveryreport>{''.join(items)}</deliveryreport>"

    def _balance(self, _: Element, __: Arrival) -> str:
        return (
            "<RESPONSE><status>0</status><credits>780.64</credits>"
            "<amount>319.10</amount><currency>RUB</currency></RESPONSE>"
        )


def _read(arrival: Arrival) -> Element:
    try:
        document = read_xml(arrival.body.decoded()["XML"])
    except (KeyError, UnicodeDecodeError, UnreadableXmlError) as error:
        raise RefusedError(_XML_ERROR) from error
    if document.tag != "SMS" or arrival.method != "POST":
        raise RefusedError(_XML_ERROR)
    return document


def _unknown(_: Element, __: Arrival) -> str:
    raise RefusedError(_XML_ERROR)


def _taken(number: Element, sender: str, text: str, arrival: Arrival) -> SentMessage:
    written = (number.text or "").strip()
    message_id = number.get("messageID") or None
    for index, value in enumerate(number.get("variables", "").split(";"), start=1):
        text = text.replace(f"%{index}%", value) if value else text
    problems = {
        "no messageID: it can never be asked about": message_id is None,
        "a placeholder without a variable": _PLACEHOLDER.search(text) is not None,
    }
    return SentMessage(
        provider=ProviderCode.EPOCHTASMSRU,
        channel="sms",
        recipient=msisdn(written) or written,
        wire_recipient=written,
        text=text,
        sender=sender,
        reference=message_id,
        provider_id=message_id,
        sent_at=datetime.now(UTC),
        arrival=arrival.number,
        problems=tuple(problem for problem, holds in problems.items() if holds),
    )


def _priced(status: int, text: str, numbers: int) -> str:
    parts = count_segments(text) * numbers
    return (
        f"<RESPONSE><status>{status}</status><credits>{_CREDITS * parts}</credits>"
        f"<amount>{_AMOUNT * parts}</amount><currency>RUB</currency></RESPONSE>"
    )


def _reported(message: SentMessage, status: str) -> str:
    at = f"{message.sent_at:%Y-%m-%d %H:%M:%S}"
    sent, done = (_NO_DATE if status in when else at for when in (_IN_QUEUE, _UNDER_WAY))
    return (
        f'<message id={quoteattr(message.reference or "")} sentdate="{sent}" donedate="{done}"'
        f" status={quoteattr(status)} />"
    )


def _reply(document: str) -> Reply:
    return Reply(body=f"{_HEAD}{document}".encode(), content_type="text/xml")
