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

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from urllib.parse import quote_plus, urlencode

import httpx

from adapters.exchange import Answer, exchange, form_request
from adapters.providers.mobizonkz_answers import (
    PAGE_SIZE,
    read_balance,
    read_outcome,
    read_search,
    read_states,
)
from domain.lookup import Attempt, Balance, Lookup, NoAnswer
from domain.message import Message
from domain.outcome import SubmitOutcome, Unavailable, Unconfirmed
from domain.text_limit import TextLimit

_SUBMIT, _STATE, _LIST = "message/sendSmsMessage", "message/getSMSStatus", "message/list"
_BALANCE = "user/getOwnBalance"
_LIMIT = TextLimit(segments=10)
_NEWEST = {
    "pagination[pageSize]": PAGE_SIZE,
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


class Mobizonkz:
    """Short messages through Mobizon; serves the SMS, lookup, receipt and balance ports.

    Attributes:
        batch: the most ids of one question.
    """

    batch = 100

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
        answer = await self._ask(_SUBMIT, form)
        return read_outcome(answer) if isinstance(answer, Answer) else answer

    async def find(self, attempt: Attempt) -> Lookup:
        """Ask by Mobizon's id, or without one search for our reference.

        See ``ProviderLookup.find``.
        """
        if attempt.message.provider_id is None:
            return await self._search(attempt)
        (state,) = await self.states([attempt.message])
        return state

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        """Ask by Mobizon's ids, all at once; see ``ReceiptSource.states``."""
        ids = [message.provider_id or "" for message in messages]
        form = "".join(f"&ids%5B{index}%5D={quote_plus(id_)}" for index, id_ in enumerate(ids))
        answer = await self._ask(_STATE, form)
        if isinstance(answer, Answer):
            return read_states(answer, ids)
        return [NoAnswer(answer.text) for _ in messages]

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the balance; see ``BalanceSource.balance``."""
        answer = await self._ask(_BALANCE, "")
        return read_balance(answer) if isinstance(answer, Answer) else NoAnswer(answer.text)

    async def _search(self, attempt: Attempt) -> Lookup:
        since = f"{attempt.started_at.astimezone(UTC) - _ZONES:%Y-%m-%d %H:%M:%S}"
        to = attempt.message.recipient.msisdn
        criteria = {"criteria[to]": to, "criteria[campaignCreateTsFrom]": since}
        answer = await self._ask(_LIST, f"&{urlencode(criteria | _NEWEST)}")
        if isinstance(answer, Answer):
            return read_search(answer, attempt, since)
        return NoAnswer(answer.text)

    async def _ask(self, method: str, form: str) -> Answer | Unavailable | Unconfirmed:
        request = self._desk.request(method, form)
        return await exchange(self._transport, request, timeout_s=self._timeout_s)


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
