"""What ePochta answers, read.

Source: the provider's page ``epochtasms.ru/api/v2.php``, and what public clients rely on.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from xml.etree import ElementTree as ET

from adapters.exchange import Answer
from adapters.providers.epochtasmsru_codes import FURTHEST_LAST, REFUSALS, STATES, UNLISTED
from adapters.retry_after import retry_after_s
from adapters.verdicts import without_verdict
from domain.lookup import Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)

_WORD_LENGTH, _AMOUNT_DIGITS = 64, 18
_INTEGER = re.compile("[+-]?[0-9]{1,9}")


def read_outcome(response: Answer) -> SubmitOutcome:
    """Tell what a submission came to."""
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


def read_document(answer: Answer) -> ET.Element | NoAnswer:
    """Read the answer to a question, unless it is an error."""
    document = _document(answer)
    if document is None:
        return NoAnswer(
            f"an unreadable answer with HTTP {answer.status_code}", retry_after_s(answer)
        )
    status = _status(document)
    if status is not None and status < 0:
        return NoAnswer(f"{status}: {REFUSALS.get(status, UNLISTED)[1]}")
    return document


def read_states(report: ET.Element, references: Sequence[str]) -> Sequence[Lookup]:
    """Tell what ePochta says of the messages with these references, in their order."""
    if report.tag != "deliveryreport":
        return [NoAnswer("the answer is no delivery report") for _ in references]
    words: dict[str | None, list[str]] = {}
    for message in report.findall("message"):
        words.setdefault(message.get("id"), []).append(message.get("status", "").strip())
    return [_found(words.get(reference, [])) for reference in references]


def read_balance(answer: ET.Element) -> Balance | NoAnswer:
    """Tell how much money is left."""
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


def _found(words: Sequence[str]) -> Lookup:
    if not words:
        return NotFound()
    # A message that was sent twice is there twice.
    word = max(words, key=lambda word: FURTHEST_LAST.index(_state(word)))
    return Found(status=_state(word), provider_code=word[:_WORD_LENGTH] or None)


def _state(word: str) -> MessageStatus:
    return STATES.get(word.upper(), MessageStatus.SUBMITTED)
