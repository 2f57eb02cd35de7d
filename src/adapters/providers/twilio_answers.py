"""What Twilio answers, read.

Every field may be null and new ones appear without notice, so an answer is read for what is needed
and whatever cannot be read is no answer. Twilio's sentences name the recipient: long numbers are
masked before they are kept.

Source: docs/providers/twilio.md.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

import msgspec

from adapters.exchange import Answer
from adapters.providers.twilio_codes import NOT_FOUND, OPTED_OUT, refusal, state_of
from adapters.retry_after import retry_after_s
from adapters.verdicts import printable
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import Channel, MessageStatus
from domain.outcome import Accepted, SubmitOutcome, Unconfirmed

CLOCK_SKEW = timedelta(seconds=5)
_NEXT_PAGE = re.compile(r"/2010-04-01/Accounts/[!-~]{1,2000}", re.ASCII)

_WORD_LENGTH, _CODE_LENGTH = 40, 20
_T = TypeVar("_T")


class _NewMessage(msgspec.Struct):
    sid: Annotated[str, msgspec.Meta(pattern=r"^(SM|MM)[0-9a-fA-F]{32}\Z")]


class _NewCall(msgspec.Struct):
    sid: Annotated[str, msgspec.Meta(pattern=r"^CA[0-9a-fA-F]{32}\Z")]


class _Error(msgspec.Struct):
    code: int | None = None
    message: str | None = None


class _Record(msgspec.Struct, rename={"sender": "from", "service": "messaging_service_sid"}):
    sid: str | None = None
    status: str | None = None
    direction: str | None = None
    body: str | None = None
    sender: str | None = None
    service: str | None = None
    error_code: int | str | None = None
    error_message: str | None = None
    date_created: str | None = None


class _Page(msgspec.Struct):
    messages: list[_Record] | None = None
    calls: list[_Record] | None = None
    next_page_uri: str | None = None


class _Money(msgspec.Struct):
    balance: Decimal
    currency: str | None = None


_NEW: Final = {
    Channel.SMS: msgspec.json.Decoder[_NewMessage | _NewCall](_NewMessage),
    Channel.CALL: msgspec.json.Decoder[_NewMessage | _NewCall](_NewCall),
}
_ERROR: Final = msgspec.json.Decoder(_Error)
_RECORD: Final = msgspec.json.Decoder(_Record)
_PAGE: Final = msgspec.json.Decoder(_Page)
_MONEY: Final = msgspec.json.Decoder(_Money)


def read_outcome(answer: Answer, channel: Channel) -> SubmitOutcome:
    """Tell what a submission came to."""
    if answer.is_success:
        created = _decode(_NEW[channel], answer)
        return Accepted(created.sid) if created else Unconfirmed(f"{_seen(answer)}, unreadable")
    error = _decode(_ERROR, answer) or _Error()
    text = printable(error.message) or _seen(answer)
    return refusal(answer.status_code, error.code, text, retry_after_s(answer))


def read_found(answer: Answer, sid: str) -> Lookup:
    """Tell what Twilio says of the message or call it was asked about by its id."""
    if answer.status_code == HTTPStatus.NOT_FOUND:
        error = _decode(_ERROR, answer)
        if error is not None and error.code == NOT_FOUND:
            return NotFound()
    record = _read(_RECORD, answer)
    if isinstance(record, NoAnswer):
        return record
    if record.sid != sid or record.status is None:
        return NoAnswer("an answer about something else")
    return _found(record)


def read_balance(answer: Answer) -> Balance | NoAnswer:
    """Tell how much money is left."""
    money = _read(_MONEY, answer)
    if isinstance(money, NoAnswer):
        return money
    if not money.balance.is_finite():
        return NoAnswer("a balance that is no number")
    return Balance(money.balance, money.currency)


class Search:
    """Looks through a list, newest first, for what an attempt without an answer made.

    It is ours when it went out through the API after the attempt began, from the same sender,
    with the same text, and belongs to no other message; the oldest such is the attempt's.
    """

    def __init__(self, attempt: Attempt, sender: str) -> None:
        """Begin before the first page.

        Args:
            attempt: what is looked for.
            sender: the number or name it went out from, or the sid of the messaging service.
        """
        self._attempt = attempt
        self._sender = sender
        self._since = attempt.started_at - CLOCK_SKEW
        self._oldest: _Record | None = None

    def read(self, answer: Answer) -> Lookup | str:
        """Read one page.

        Returns:
            What came of the search, or the path of the next page while it is not over.
        """
        page = _read(_PAGE, answer)
        if isinstance(page, NoAnswer):
            return page
        is_call = self._attempt.message.channel is Channel.CALL
        records = page.calls if is_call else page.messages
        if records is None:
            return NoAnswer("an answer without a list")
        if not self._passes_the_start(records) and page.next_page_uri is not None:
            on_this_host = _NEXT_PAGE.fullmatch(page.next_page_uri)
            return page.next_page_uri if on_this_host else NoAnswer("a next page elsewhere")
        return NotFound() if self._oldest is None else _found(self._oldest)

    def _passes_the_start(self, records: list[_Record]) -> bool:
        """Keep the oldest match; tell whether the list has come to before the attempt."""
        for record in records:
            created = _created_at(record)
            if created is None:
                continue
            if created < self._since:
                return True
            if self._is_ours(record):
                self._oldest = record
        return False

    def _is_ours(self, record: _Record) -> bool:
        message = self._attempt.message
        return (
            record.direction == "outbound-api"
            and record.sid is not None
            and record.sid not in self._attempt.taken_ids
            and self._sender in (record.sender, record.service)
            and (message.channel is Channel.CALL or record.body == message.text)
        )


def _decode(decoder: msgspec.json.Decoder[_T], answer: Answer) -> _T | None:
    try:
        return decoder.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read(decoder: msgspec.json.Decoder[_T], answer: Answer) -> _T | NoAnswer:
    if not answer.is_success:
        return NoAnswer(_seen(answer), retry_after_s(answer))
    decoded = _decode(decoder, answer)
    return NoAnswer(f"{_seen(answer)}, unreadable") if decoded is None else decoded


def _found(record: _Record) -> Found:
    code = None if record.error_code is None else printable(str(record.error_code))[:_CODE_LENGTH]
    state = printable(record.status)[:_WORD_LENGTH] or "unknown"
    status = state_of(state, code)
    return Found(
        status=status,
        provider_id=record.sid,
        provider_code=state if code is None else f"{state}/{code}",
        text=printable(record.error_message),
        opted_out=code == OPTED_OUT and status is MessageStatus.UNDELIVERABLE,
    )


def _created_at(record: _Record) -> datetime | None:
    try:
        date = parsedate_to_datetime(record.date_created or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _seen(answer: Answer) -> str:
    return f"HTTP {answer.status_code}"
