"""Mobizon's side of the wire: ``/service/{module}/{method}``, case not minded.

Every answer is HTTP 200 and an envelope of ``code``, ``data`` and ``message``. A single message
makes a campaign of its own, and ``params[name]`` is that campaign's name. Of the states a test can
set, ``MODERATION`` and ``DECLINED`` are the campaign's: the message itself then stays ``NEW``.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from entrypoints.simulator.accounts import MobizonkzAccount
from entrypoints.simulator.mobizonkz_errors import data_of, words_of
from entrypoints.simulator.mobizonkz_items import (
    campaign_id,
    campaign_item,
    list_item,
    local_time,
    status_item,
    status_of,
    waits_for_moderator,
)
from entrypoints.simulator.mobizonkz_order import check, taken
from entrypoints.simulator.sent_log import SentLog, SentMessage
from entrypoints.simulator.states import State, StateBoard
from entrypoints.simulator.wire import (
    Arrival,
    Operation,
    ProviderCode,
    RefusedError,
    Reply,
    html_page,
)

_NO_RECORD, _NO_MODULE, _NO_METHOD, _BAD_FORMAT, _LOGIN_FAILED, _OVER_LIMIT = 2, 4, 5, 6, 8, 12
_IDS_MAX = 100
_PAGE_SIZES = {"25", "50", "100"}
_PATH = re.compile(r"/service/([^/]+)/([^/]+)/?")
_OPERATIONS = {
    "message/sendsmsmessage": Operation.SEND,
    "message/getsmsstatus": Operation.LOOKUP,
    "message/list": Operation.LOOKUP,
    "campaign/get": Operation.LOOKUP,
    "user/getownbalance": Operation.BALANCE,
}
_MODULES = {name.partition("/")[0] for name in _OPERATIONS}


class Mobizonkz:
    """One account at Mobizon."""

    provider = ProviderCode.MOBIZONKZ

    def __init__(self, account: MobizonkzAccount, sent: SentLog, states: StateBoard) -> None:
        self._account = account
        self._sent = sent
        self._states = states

    def operation(self, arrival: Arrival) -> Operation:
        """Tell by module and method; see ``Wire.operation``."""
        return _OPERATIONS.get(_method_of(arrival), Operation.OTHER)

    def answer(self, arrival: Arrival) -> Reply:
        """Call the method; see ``Wire.answer``."""
        methods: dict[str, Callable[[Mapping[str, str], Arrival], object]] = {
            "message/sendsmsmessage": self._send,
            "message/getsmsstatus": self._statuses,
            "message/list": self._list,
            "campaign/get": self._campaign,
            "user/getownbalance": self._balance,
        }
        name = _method_of(arrival)
        if not name:
            return html_page(404)
        try:
            fields = self._authorised(arrival)
            return _reply(0, methods.get(name, _unknown)(fields, arrival), "")
        except RefusedError as refusal:
            return self.refuse(arrival, refusal)

    def refuse(self, _: Arrival, refusal: RefusedError) -> Reply:
        """Answer with a code in the envelope; see ``Wire.refuse``."""
        data = data_of(refusal.code) if refusal.about is None else refusal.about
        return _reply(refusal.code, data, refusal.text or words_of(refusal.code))

    def break_down(self, http_status: int) -> Reply:
        """Answer with the page of the proxy in front; see ``Wire.break_down``."""
        return html_page(http_status)

    def _authorised(self, arrival: Arrival) -> dict[str, str]:
        if arrival.form.raw("apiKey") != self._account.api_key:
            raise RefusedError(_LOGIN_FAILED)
        try:
            fields = arrival.form.decoded()
        except UnicodeDecodeError as error:
            raise RefusedError(_BAD_FORMAT) from error
        if fields.get("output", "json") != "json" or fields.get("api", "v1") != "v1":
            raise RefusedError(_BAD_FORMAT)
        return fields

    def _send(self, fields: Mapping[str, str], arrival: Arrival) -> object:
        check(fields)
        message = taken(fields, arrival, self._account.senders)
        self._sent.add(message)
        moderated = waits_for_moderator(self._states.peek(message))
        return {
            "campaignId": campaign_id(message),
            "messageId": message.provider_id,
            "status": 1 if moderated else 2,
        }

    def _statuses(self, _: Mapping[str, str], arrival: Arrival) -> object:
        asked = _listed(arrival, "ids")
        if not asked:
            raise RefusedError(_NO_RECORD)
        if len(asked) > _IDS_MAX:
            raise RefusedError(_OVER_LIMIT)
        found = (m for i in asked for m in self._sent.find(provider=self.provider, provider_id=i))
        return [status_item(message, state) for message, state in self._looked_up(found)]

    def _list(self, fields: Mapping[str, str], arrival: Arrival) -> object:
        size = fields.get("pagination[pageSize]", "25")
        page = fields.get("pagination[currentPage]", "0")
        if size not in _PAGE_SIZES or not re.fullmatch(r"[0-9]{1,9}", page):
            raise RefusedError(_OVER_LIMIT)
        campaigns = _listed(arrival, r"criteria\[campaignIds\]")
        matching = (
            message
            for message in self._sent.find(provider=self.provider)
            if _meets(fields, message, status_of(self._states.peek(message)))
            and (not campaigns or campaign_id(message) in campaigns)
        )
        wanted = list(self._looked_up(matching))
        if not any(fields[key].upper() == "ASC" for key in fields if key.startswith("sort[")):
            wanted.reverse()
        start = int(page) * int(size)
        items = [list_item(*found) for found in wanted[start : start + int(size)]]
        return {"items": items, "totalItemCount": str(len(wanted))}

    def _campaign(self, fields: Mapping[str, str], _: Arrival) -> object:
        for message in self._sent.find(provider=self.provider):
            if campaign_id(message) == fields.get("id"):
                return campaign_item(message, self._states.peek(message))
        raise RefusedError(_NO_RECORD)

    def _balance(self, _: Mapping[str, str], __: Arrival) -> object:
        return {"balance": "4043.0656", "currency": "KZT"}

    def _looked_up(self, messages: Iterator[SentMessage]) -> Iterator[tuple[SentMessage, State]]:
        for message in messages:
            if (state := self._states.look(message)) is not None:
                yield message, state


def _unknown(_: Mapping[str, str], arrival: Arrival) -> object:
    module = _method_of(arrival).partition("/")[0]
    raise RefusedError(_NO_METHOD if module in _MODULES else _NO_MODULE)


def _method_of(arrival: Arrival) -> str:
    path = _PATH.fullmatch(arrival.path)
    return f"{path[1]}/{path[2]}".lower() if path else ""


def _listed(arrival: Arrival, name: str) -> list[str]:
    """Read a list in either form: repeated with brackets, or one text with commas."""
    named = re.compile(rf"{name}(\[[0-9]*\])?")
    values = [value for key, value in arrival.form.pairs if named.fullmatch(key)]
    return [item.strip() for value in values for item in value.split(",") if item.strip()]


def _meets(fields: Mapping[str, str], message: SentMessage, status: str) -> bool:
    def criterion(name: str) -> str:
        return fields.get(f"criteria[{name}]", "")

    at = local_time(message.sent_at)
    return (
        criterion("to").lstrip("+ ") in message.recipient
        and criterion("from") in (message.sender or "")
        and criterion("text") in ("", message.text)
        and criterion("status") in ("", status)
        and criterion("campaignCreateTsFrom") <= at <= (criterion("campaignCreateTsTo") or at)
    )


def _reply(code: int, data: object, message: str) -> Reply:
    envelope = {"code": code, "data": data, "message": message}
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(body=body, content_type="application/json; charset=utf-8")
