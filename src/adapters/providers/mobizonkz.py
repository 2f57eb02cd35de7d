"""Mobizon, service API v1.

Quirks:
    - Every answer is ``{"code", "data", "message"}``, errors with HTTP 200 as well. What ``data``
      holds differs by method, and numbers in it are mostly strings.
    - There is no field for a message's reference: ours travels as the name of the campaign that
      Mobizon makes of each message. It cannot be searched for, only compared.
    - Each account lives on its country's host; any other answers code 13 and names the right one.
      It is shown, never followed: it would be given the key.
    - A sender name that cannot be used is silently replaced by one of the service's own.
    - No code says that the money ran out; 10, 15 and 999 may mean it.

Source: ``github.com/mobizon/mobizon-api-docs``, ``src/v1/en``.
"""

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Annotated, TypeVar
from urllib.parse import quote_plus, urlencode

import httpx
import msgspec

from adapters.exchange import Answer, exchange, form_request
from adapters.providers.mobizonkz_codes import (
    BY_FIELD,
    MEANINGS,
    NAMING_FIELDS,
    STATES,
    WRONG_HOST,
)
from adapters.retry_after import retry_after_s
from adapters.verdicts import printable, without_verdict
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import Message, MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
)
from domain.text_limit import TextLimit

_T = TypeVar("_T")
_SUBMIT, _STATE, _LIST = "message/sendSmsMessage", "message/getSMSStatus", "message/list"
_BALANCE = "user/getOwnBalance"
_LIMIT = TextLimit(segments=10)
_SAID_LENGTH, _WORD_LENGTH, _AMOUNT_DIGITS = 200, 64, 18
_PAGE_SIZE = 100
_NEWEST = {
    "pagination[pageSize]": _PAGE_SIZE,
    "pagination[currentPage]": 0,
    "sort[campaignId]": "DESC",
}
_ZONES = timedelta(days=1)
"""How far back a search goes: the times of the API have no zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MobizonkzAccount:
    """The key of an account and the default sender.

    Attributes:
        sender: a name registered with Mobizon; ``None`` leaves it to the account's settings.
    """

    api_key: str = field(repr=False)
    sender: str | None = None


_Code = Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)]
_Id = (
    Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    | Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_-]{1,64}\Z")]
)


class _Reply(msgspec.Struct):
    code: _Code
    data: msgspec.Raw = msgspec.Raw(b"null")
    message: str | None = None


class _Sent(msgspec.Struct, rename="camel"):
    message_id: _Id


class _Campaign(msgspec.Struct, rename="camel"):
    name: str | None = None
    create_ts: str | None = None


class _Item(msgspec.Struct, rename="camel"):
    id: _Id
    status: str | None = None
    to: int | str | None = None
    text: str | None = None
    start_send_ts: str | None = None
    campaign: _Campaign | None = None


class _Page(msgspec.Struct):
    items: list[_Item]


class _Funds(msgspec.Struct):
    balance: Decimal
    currency: str | None = None


# Not strict: a code may be a numeric string.
_REPLY = msgspec.json.Decoder(_Reply, strict=False)
_SENT = msgspec.json.Decoder(_Sent)
_STATUSES = msgspec.json.Decoder(list[_Item])
_MESSAGES = msgspec.json.Decoder(_Page)
_FUNDS = msgspec.json.Decoder(_Funds)
_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder(object)


class Mobizonkz:
    """Short messages through Mobizon; serves the SMS, lookup and balance ports."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        account: MobizonkzAccount,
        *,
        base_url: str,
        timeout_s: float,
    ) -> None:
        self._transport = transport
        self._desk = _Desk(account, base_url)
        self._sender = account.sender
        self._timeout_s = timeout_s

    def check_text(self, text: str) -> None:
        """Refuse a text of over 10 segments; see ``SmsProvider.check_text``."""
        _LIMIT.check(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        """Hand the message to Mobizon; see ``SmsProvider.submit``."""
        sender = self._sender if message.sender is None else message.sender.text
        form = (
            f"&recipient={message.recipient.msisdn}&text={quote_plus(message.text)}"
            f"&params%5Bname%5D={message.id.hex}"
        )
        if sender is not None:
            form += f"&from={quote_plus(sender)}"
        request = self._desk.request(_SUBMIT, form)
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        return _outcome(answer) if isinstance(answer, Answer) else answer

    async def find(self, attempt: Attempt) -> Lookup:
        """Ask by Mobizon's id, or without one search for our reference.

        See ``ProviderLookup.find``.
        """
        provider_id = attempt.message.provider_id
        if provider_id is None:
            since = f"{attempt.started_at.astimezone(UTC) - _ZONES:%Y-%m-%d %H:%M:%S}"
            to = attempt.message.recipient.msisdn
            criteria = {"criteria[to]": to, "criteria[campaignCreateTsFrom]": since}
            page = await self._ask(_LIST, f"&{urlencode(criteria | _NEWEST)}", _MESSAGES)
            return page if isinstance(page, NoAnswer) else _matching(page.items, attempt, since)
        items = await self._ask(_STATE, f"&ids%5B0%5D={quote_plus(provider_id)}", _STATUSES)
        if isinstance(items, NoAnswer):
            return items
        return next((_found(item) for item in items if str(item.id) == provider_id), NotFound())

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the balance; see ``BalanceSource.balance``."""
        funds = await self._ask(_BALANCE, "", _FUNDS)
        if isinstance(funds, NoAnswer):
            return funds
        amount = funds.balance
        # Decimal reads 1e999999 too, which nobody could write out.
        if not amount.is_finite() or abs(amount.adjusted()) > _AMOUNT_DIGITS:
            return NoAnswer("no amount of money")
        return Balance(amount, printable(funds.currency) or None)

    async def _ask(
        self, method: str, form: str, decoder: msgspec.json.Decoder[_T]
    ) -> _T | NoAnswer:
        request = self._desk.request(method, form)
        answer = await exchange(self._transport, request, timeout_s=self._timeout_s)
        if not isinstance(answer, Answer):
            return NoAnswer(answer.text)
        reply = _read(_REPLY, answer.content)
        done = reply is not None and reply.code == 0 and answer.is_success
        data = _read(decoder, reply.data) if reply is not None and done else None
        return NoAnswer(_seen(answer, reply), retry_after_s(answer)) if data is None else data


class _Desk:
    """Makes the requests; the key stays in here, where no repr of the adapter shows it."""

    def __init__(self, account: MobizonkzAccount, base_url: str) -> None:
        service = f"{base_url.rstrip('/')}/service"
        methods = (_SUBMIT, _STATE, _LIST, _BALANCE)
        self._urls = {method: httpx.URL(f"{service}/{method}") for method in methods}
        self._beginning = f"apiKey={quote_plus(account.api_key)}&output=json&api=v1"

    def request(self, method: str, rest: str) -> httpx.Request:
        form = f"{self._beginning}{rest}".encode("ascii")
        return form_request(self._urls[method], form)


def _read(decoder: msgspec.json.Decoder[_T], body: bytes | msgspec.Raw) -> _T | None:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _outcome(response: Answer) -> SubmitOutcome:
    reply = _read(_REPLY, response.content)
    if reply is None:
        return without_verdict(response, _seen(response, None))
    means, code, text = _meaning(reply), str(reply.code), _seen(response, reply)
    if isinstance(means, UnavailableKind):
        wait_s = retry_after_s(response)
        return Unavailable(kind=means, retry_after_s=wait_s, provider_code=code, text=text)
    if isinstance(means, RejectReason):
        return Rejected(reason=means, provider_code=code, text=text)
    sent = _read(_SENT, reply.data) if reply.code == 0 and response.is_success else None
    return Accepted(str(sent.message_id)) if sent else without_verdict(response, text, code)


def _meaning(reply: _Reply) -> RejectReason | UnavailableKind | None:
    if reply.code in NAMING_FIELDS:
        data = _read(_ANYTHING, reply.data)
        for entry in data if isinstance(data, list) else [data]:
            for name, reason in BY_FIELD.items():
                if isinstance(entry, dict) and name in entry:
                    return reason
    return MEANINGS.get(reply.code)


def _seen(response: Answer, reply: _Reply | None) -> str:
    if reply is None:
        return f"HTTP {response.status_code}, unreadable"
    if reply.code == WRONG_HOST:
        host = bytes(reply.data)[:_SAID_LENGTH].decode(errors="replace")
        return f"the account belongs to another API host: {printable(host)}"
    return printable(reply.message) or f"HTTP {response.status_code}, code {reply.code}"


def _matching(items: list[_Item], attempt: Attempt, since: str) -> Lookup:
    reference = attempt.message.id.hex
    ours = [item for item in items if item.campaign and item.campaign.name == reference]
    ours += [item for item in items if _looks_like(item, attempt, since)]
    if ours:
        return _found(ours[0])
    if len(items) >= _PAGE_SIZE:
        return NoAnswer(f"not among the newest {_PAGE_SIZE} messages to this number")
    return NotFound()


def _looks_like(item: _Item, attempt: Attempt, since: str) -> bool:
    """Compare what is left to compare where the campaign's name did not come back."""
    campaign = item.campaign or _Campaign()
    created = campaign.create_ts or item.start_send_ts or since
    return (
        not campaign.name
        and str(item.id) not in attempt.taken_ids
        and str(item.to).removeprefix("+") == attempt.message.recipient.msisdn
        and item.text == attempt.message.text
        and created >= since
    )


def _found(item: _Item) -> Found:
    word = printable(item.status)[:_WORD_LENGTH]
    status = STATES.get(word, MessageStatus.SUBMITTED)
    return Found(status=status, provider_id=str(item.id), provider_code=word or None)
