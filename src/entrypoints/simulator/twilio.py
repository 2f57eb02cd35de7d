"""Twilio's side of the wire: messages, calls and the balance of one account.

Paths are case sensitive and end in ``.json``. Two equal posts make two messages, a broken TwiML
document makes a call, and parameters nobody knows are passed over without a word.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus

from entrypoints.simulator.accounts import TwilioAccount
from entrypoints.simulator.inbound import OptOuts
from entrypoints.simulator.sent_log import SentLog, SentMessage
from entrypoints.simulator.states import State, StateBoard
from entrypoints.simulator.twilio_errors import code_of, http_status_of, words_of
from entrypoints.simulator.twilio_resources import (
    Page,
    call_resource,
    first_status,
    known_status,
    message_resource,
)
from entrypoints.simulator.twilio_rules import check_call, check_message
from entrypoints.simulator.twilio_sent import call_taken, message_taken
from entrypoints.simulator.wire import (
    Arrival,
    Operation,
    ProviderCode,
    RefusedError,
    Reply,
    html_page,
)

_PATH = re.compile(r"/2010-04-01/Accounts/([^/]+)/(Messages|Calls|Balance)(?:/([^/]+))?\.json")
_PAGE_SIZE, _PAGE_SIZE_MAX = 50, 1_000
_MALFORMED, _AUTHENTICATE, _NOT_FOUND, _OPTED_OUT = 20001, 20003, 20404, 21610
_OPERATIONS = {
    ("POST", "Messages", False): Operation.SEND,
    ("POST", "Calls", False): Operation.SEND,
    ("GET", "Messages", False): Operation.LOOKUP,
    ("GET", "Messages", True): Operation.LOOKUP,
    ("GET", "Calls", False): Operation.LOOKUP,
    ("GET", "Calls", True): Operation.LOOKUP,
    ("GET", "Balance", False): Operation.BALANCE,
}


class Twilio:
    """One account at Twilio."""

    provider = ProviderCode.TWILIO

    def __init__(
        self, account: TwilioAccount, sent: SentLog, states: StateBoard, opt_outs: OptOuts
    ) -> None:
        self._account = account
        self._sent = sent
        self._states = states
        self._opt_outs = opt_outs

    def operation(self, arrival: Arrival) -> Operation:
        """Tell by method and path; see ``Wire.operation``."""
        path = _PATH.fullmatch(arrival.path)
        if path is None:
            return Operation.OTHER
        asked = (arrival.method, path[2], path[3] is not None)
        return _OPERATIONS.get(asked, Operation.OTHER)

    def answer(self, arrival: Arrival) -> Reply:
        """Serve the resource; see ``Wire.answer``."""
        try:
            return self._serve(arrival)
        except RefusedError as refusal:
            return self.refuse(arrival, refusal)
        except UnicodeDecodeError:
            return self.refuse(arrival, RefusedError(_MALFORMED))

    def refuse(self, arrival: Arrival, refusal: RefusedError) -> Reply:
        """Answer with an error object; see ``Wire.refuse``."""
        status = http_status_of(refusal.code)
        words = refusal.text or words_of(refusal.code)
        return _reply(_error(refusal.code, words, status), status, arrival)

    def break_down(self, http_status: int) -> Reply:
        """Answer with an error object where Twilio does, else as a proxy; see ``Wire``."""
        code = code_of(http_status)
        if code is None:
            return html_page(http_status)
        return _reply(_error(code, words_of(code), http_status), http_status)

    def _serve(self, arrival: Arrival) -> Reply:
        self._authorise(arrival.authorization)
        path = _PATH.fullmatch(arrival.path)
        if path is None or path[1] != self._account.sid:
            raise RefusedError(_NOT_FOUND, f"The requested resource {arrival.path} was not found")
        match self.operation(arrival):
            case Operation.SEND:
                return _reply(self._create(path[2], arrival), HTTPStatus.CREATED, arrival)
            case Operation.LOOKUP if path[3]:
                return _reply(self._fetch(path[2], path[3]), HTTPStatus.OK, arrival)
            case Operation.LOOKUP:
                return _reply(self._list(path[2], arrival), HTTPStatus.OK, arrival)
            case Operation.BALANCE:
                return _reply(self._balance(), HTTPStatus.OK, arrival)
            case _:
                status = HTTPStatus.METHOD_NOT_ALLOWED
                return _reply({"message": "Method not allowed", "status": status}, status, arrival)

    def _authorise(self, header: str) -> None:
        scheme, _, encoded = header.partition(" ")
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            pair = ""
        if scheme.lower() != "basic" or pair != f"{self._account.sid}:{self._account.token}":
            raise RefusedError(_AUTHENTICATE)

    def _create(self, name: str, arrival: Arrival) -> dict[str, object]:
        fields = arrival.body.decoded()
        if name == "Calls":
            events = arrival.body.every("StatusCallbackEvent")
            check_call(fields, events, self._account.senders)
            message = call_taken(fields, arrival)
        else:
            check_message(fields, self._account.senders)
            message = message_taken(fields, arrival)
            self._check_opt_out(message)
        self._sent.add(message)
        return self._resource(message, first_status(message))

    def _check_opt_out(self, message: SentMessage) -> None:
        service = message.parameters.get("MessagingServiceSid")
        if not self._opt_outs.blocks(message.recipient, service or message.sender):
            return
        if service is None:
            raise RefusedError(_OPTED_OUT)
        # A service takes the message, and tells later that it failed.
        failed = State(
            provider=self.provider, id=message.provider_id, status="failed", error_code=_OPTED_OUT
        )
        self._states.set(failed)

    def _fetch(self, name: str, sid: str) -> dict[str, object]:
        found = self._sent.find(provider=self.provider, provider_id=sid)
        state = self._states.look(found[0]) if found and _belongs(found[0], name) else None
        if state is None:
            raise RefusedError(_NOT_FOUND, f"The requested resource {name}/{sid} was not found")
        return self._resource(found[0], known_status(found[0], state), state.error_code)

    def _list(self, name: str, arrival: Arrival) -> dict[str, object]:
        fields = arrival.query.decoded()
        filters = {key: fields[key] for key in ("To", "From", "Status") if fields.get(key)}
        page = Page(
            path=arrival.path,
            filters=filters,
            size=min(max(_number(fields, "PageSize", _PAGE_SIZE), 1), _PAGE_SIZE_MAX),
            number=_number(fields, "Page", 0),
        )
        items = self._matching(name, filters)
        return {name.lower(): page.cut(items), **page.about(len(items))}

    def _matching(self, name: str, filters: Mapping[str, str]) -> list[dict[str, object]]:
        found = self._sent.find(provider=self.provider, phone=filters.get("To"))
        items = []
        for message in reversed(found):
            if not _belongs(message, name) or filters.get("From") not in (None, message.sender):
                continue
            state = self._states.look(message)
            if state is None:
                continue
            status = known_status(message, state)
            if filters.get("Status") in (None, status):
                items.append(self._resource(message, status, state.error_code))
        return items

    def _balance(self) -> dict[str, object]:
        return {"account_sid": self._account.sid, "balance": "42.17", "currency": "USD"}

    def _resource(self, message: SentMessage, status: str, error: int = 0) -> dict[str, object]:
        if message.channel == "call":
            return call_resource(self._account.sid, message, status)
        return message_resource(self._account.sid, message, status, error)


def _belongs(message: SentMessage, name: str) -> bool:
    return (message.channel == "call") == (name == "Calls")


def _number(fields: Mapping[str, str], name: str, default: int) -> int:
    written = fields.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", written):
        raise RefusedError(_MALFORMED)
    return int(written)


def _error(code: int, words: str, status: int) -> dict[str, object]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": words, "more_info": more, "status": status}


def _reply(answer: object, status: int, arrival: Arrival | None = None) -> Reply:
    headers = {
        "Twilio-Request-Id": f"RQ{secrets.token_hex(16)}",
        "Twilio-Concurrent-Requests": str(arrival.in_flight if arrival else 1),
    }
    body = json.dumps(answer, ensure_ascii=False).encode()
    return Reply(body=body, status=status, headers=headers)
