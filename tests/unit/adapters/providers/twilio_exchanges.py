"""Twilio as its tests meet it."""

from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime

import httpx

from adapters.providers.twilio import Twilio, TwilioAccount, TwilioVoice
from domain.lookup import Attempt, Lookup
from domain.message import Channel, Message
from domain.outcome import SubmitOutcome
from tests.contracts.messages import NOW, a_message
from tests.contracts.providers import SECRET, Wire

AC = "AC2b1f0c9d8e7f6a5b4c3d2e1f0a9b8c7d"
SM = "SM5d0c7be64d1f4a0c9b7e2a1f3c8d9e10"
CA = "CA7e6d5c4b3a29181706f5e4d3c2b1a099"
MG = "MG4f0c7be64d1f4a0c9b7e2a1f3c8d9e10"
NUMBER = "+15005550006"
NOT_XML = "".join(map(chr, {*range(0x20)} - {9, 10, 13})) + "\ufffe\uffff"
SMS_TAKEN = httpx.Response(201, json={"sid": SM, "status": "queued", "error_code": None})
CALL_TAKEN = httpx.Response(201, json={"sid": CA, "status": "queued"})


def twilio(
    transport: httpx.AsyncBaseTransport,
    phone: str = NUMBER,
    *,
    base_url: str = "https://api.twilio.example",
    voice: TwilioVoice | None = None,
) -> Twilio:
    account = TwilioAccount(sid=AC, token=SECRET, phone=phone)
    return Twilio(transport, account, base_url=base_url, timeout_s=30, voice=voice or TwilioVoice())


def a_call(text: str = "Код 4821") -> Message:
    return a_message(text, channel=Channel.CALL)


def error(
    status: int, code: int | None, message: str = "Refused", **headers: str
) -> httpx.Response:
    body = {"code": code, "message": message, "more_info": "https://…", "status": status}
    return httpx.Response(status, json=body, headers=headers)


async def submitted(answer: httpx.Response) -> SubmitOutcome:
    return await twilio(Wire(answer).transport).submit(a_message())


async def placed(answer: httpx.Response) -> SubmitOutcome:
    return await twilio(Wire(answer).transport).place(a_call())


def a_sid(number: int) -> str:
    return f"SM{number:032x}"


def a_record(sid: str = SM, *, age_s: float = 0, **fields: object) -> dict[str, object]:
    """A message as the list has it, made ``age_s`` before the attempt began."""
    created = format_datetime(NOW - timedelta(seconds=age_s))
    record = {"sid": sid, "status": "sent", "direction": "outbound-api", "body": "Код 4821"}
    record |= {"to": "+77011234567", "from": NUMBER, "date_created": created}
    return {**record, "messaging_service_sid": None, "error_code": None} | fields


def a_page(
    *records: object, following: str | None = None, name: str = "messages"
) -> httpx.Response:
    return httpx.Response(200, json={name: records, "next_page_uri": following, "page": 0})


async def found(
    answer: httpx.Response,
    message: Message | None = None,
    *,
    phone: str = NUMBER,
    taken: Sequence[str] = (),
) -> Lookup:
    attempt = Attempt(message=message or a_message(), started_at=NOW, taken_ids=frozenset(taken))
    return await twilio(Wire(answer).transport, phone).find(attempt)
