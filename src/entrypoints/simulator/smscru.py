"""smsc.ru's side of the wire: ``send.php``, ``status.php`` and ``balance.php``.

Every answer is HTTP 200, and its header names windows-1251 whatever charset was asked for. Without
``fmt=3`` a send is answered in plain text; XML is not spoken here, status and balance in JSON only.
"""

import itertools
import secrets
from collections.abc import Callable, Mapping

from entrypoints.simulator.accounts import SmscruAccount
from entrypoints.simulator.minute import MinuteLimit
from entrypoints.simulator.sent_log import SentLog
from entrypoints.simulator.smscru_answers import (
    BALANCE,
    receipt,
    refused,
    rows,
    written,
)
from entrypoints.simulator.smscru_order import (
    CHARSETS,
    DEFAULT_CHARSET,
    DENIED,
    PARAMETERS_ERROR,
    Line,
    channel_of,
    client_id,
    dialled,
    read_lines,
    taken,
)
from entrypoints.simulator.smscru_status import read_status
from entrypoints.simulator.states import StateBoard
from entrypoints.simulator.wire import (
    Arrival,
    Operation,
    ProviderCode,
    RefusedError,
    Reply,
    html_page,
)

_AUTHORISE_ERROR, _INVALID_NUMBER, _TOO_OFTEN = 2, 7, 9
_CONCURRENT = "too many concurrent requests"
_CARRY_AN_ID = {3, 6, 7, 8}
_WORDS = {
    1: "parameters error",
    2: "authorise error",
    3: "not enough money",
    4: "ip is blocked",
    5: "invalid date format",
    6: "message is denied",
    7: "invalid number",
    8: "message to this number can not be delivered",
    9: "duplicate request, wait a minute",
}
_FORMATS = {Operation.SEND: {"", "0", "1", "3"}}
_OPERATIONS = {
    "/sys/send.php": Operation.SEND,
    "/sys/status.php": Operation.LOOKUP,
    "/sys/balance.php": Operation.BALANCE,
}


class Smscru:
    """One account at smsc.ru."""

    provider = ProviderCode.SMSCRU

    def __init__(self, account: SmscruAccount, sent: SentLog, states: StateBoard) -> None:
        self._account = account
        self._sent = sent
        self._states = states
        self._ids = itertools.count(secrets.randbelow(2**30) + 1)
        self._sends, self._prices = MinuteLimit(1), MinuteLimit(5)
        self._statuses, self._mass, self._balances = MinuteLimit(5), MinuteLimit(1), MinuteLimit(10)

    def operation(self, arrival: Arrival) -> Operation:
        """Tell by the script; see ``Wire.operation``."""
        return _OPERATIONS.get(arrival.path, Operation.OTHER)

    def answer(self, arrival: Arrival) -> Reply:
        """Run the script; see ``Wire.answer``."""
        scripts: dict[Operation, Callable[[Mapping[str, str], Arrival], object]] = {
            Operation.SEND: self._send,
            Operation.LOOKUP: self._status,
            Operation.BALANCE: self._balance,
        }
        operation = self.operation(arrival)
        if operation not in scripts:
            return html_page(404)
        try:
            fields = _read(arrival)
            self._admit(fields, operation)
            return written(fields, scripts[operation](fields, arrival))
        except RefusedError as refusal:
            return self.refuse(arrival, refusal)

    def refuse(self, arrival: Arrival, refusal: RefusedError) -> Reply:
        """Answer with an error number; see ``Wire.refuse``."""
        message_id = ""
        if self.operation(arrival) is Operation.SEND and refusal.code in _CARRY_AN_ID:
            message_id = str(refusal.about or arrival.form.raw("id") or next(self._ids))
        words = refusal.text or _WORDS.get(refusal.code, "unknown error")
        return refused(arrival.form.raw("fmt"), refusal.code, words, message_id)

    def break_down(self, http_status: int) -> Reply:
        """Answer with the page of the proxy in front; see ``Wire.break_down``."""
        return html_page(http_status)

    def _admit(self, fields: Mapping[str, str], operation: Operation) -> None:
        pair = (fields.get("login"), fields.get("psw"))
        known = (self._account.login, self._account.password)
        if fields.get("apikey") != self._account.api_key and pair != known:
            raise RefusedError(_AUTHORISE_ERROR)
        if fields.get("fmt", "") not in _FORMATS.get(operation, {"3"}):
            raise RefusedError(PARAMETERS_ERROR)

    def _send(self, fields: Mapping[str, str], arrival: Arrival) -> object:
        if arrival.in_flight >= self._account.parallel_sends:
            raise RefusedError(_TOO_OFTEN, _CONCURRENT)
        message_id = client_id(fields) or str(next(self._ids))
        lines = read_lines(fields)
        self._check_senders(lines, message_id)
        reached = [(line, to) for line in lines for to in line.recipients if dialled(to)]
        if not reached:
            raise RefusedError(_INVALID_NUMBER, about=message_id)
        self._check_repeats(fields)
        answer = receipt(fields, reached, message_id)
        if fields.get("op") == "1" or fields.get("err") == "1":
            answer["phones"] = rows(fields, lines)
        if fields.get("cost") != "1":
            if any(channel_of(fields, line.text) == "code_call" for line, _ in reached):
                answer["code"] = f"{secrets.randbelow(10**6):06}"
            for line, to in reached:
                self._sent.add(taken(fields, arrival, line, to, message_id))
        return answer

    def _check_senders(self, lines: tuple[Line, ...], message_id: str) -> None:
        known = self._account.senders
        if known is not None and any(line.sender not in {None, "", ".", *known} for line in lines):
            raise RefusedError(DENIED, about=message_id)

    def _check_repeats(self, fields: Mapping[str, str]) -> None:
        same = tuple(fields.get(name) for name in ("phones", "mes", "list", "sender", "call"))
        if fields.get("cost") == "1":
            self._limit_polling(self._prices, same)
        elif self._account.refuse_repeats and self._sends.exceeded(same):
            raise RefusedError(_TOO_OFTEN)

    def _status(self, fields: Mapping[str, str], arrival: Arrival) -> object:
        if arrival.in_flight >= self._account.parallel_lookups:
            raise RefusedError(_TOO_OFTEN, _CONCURRENT)
        if "," in fields.get("id", ""):
            self._limit_polling(self._mass, "mass")
        else:
            self._limit_polling(self._statuses, (fields.get("phone"), fields.get("id")))
        return read_status(fields, self._sent, self._states)

    def _balance(self, fields: Mapping[str, str], _: Arrival) -> object:
        self._limit_polling(self._balances, "balance")
        return {"balance": BALANCE} | ({"currency": "RUB"} if fields.get("cur") == "1" else {})

    def _limit_polling(self, limit: MinuteLimit, kind: object) -> None:
        if self._account.limit_polling and limit.exceeded(kind):
            raise RefusedError(_TOO_OFTEN)


def _read(arrival: Arrival) -> dict[str, str]:
    charset = CHARSETS.get(arrival.form.raw("charset").lower(), DEFAULT_CHARSET)
    try:
        return arrival.form.decoded(charset, "strict" if charset == "utf-8" else "replace")
    except UnicodeDecodeError as error:
        raise RefusedError(PARAMETERS_ERROR) from error
