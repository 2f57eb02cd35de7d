"""What Twilio is asked to report, and where."""

from urllib.parse import parse_qsl

import httpx
import pytest

from adapters.providers.twilio import Twilio, TwilioAccount
from domain.message import Message
from tests.contracts.messages import MESSAGE_ID, a_message
from tests.contracts.providers import SECRET, Wire
from tests.unit.adapters.providers.twilio_exchanges import (
    AC,
    CALL_TAKEN,
    NUMBER,
    SMS_TAKEN,
    a_call,
)

URL = "https://sms.example.kz/callbacks/twilio/receipt"
ADDRESS = f"{URL}?ref={MESSAGE_ID.hex}#rc=3&rp=ct,rt,5xx"


async def fields(message: Message, receipts_url: str | None) -> list[tuple[str, str]]:
    is_call = message.channel == "call"
    wire = Wire(CALL_TAKEN if is_call else SMS_TAKEN)
    account = TwilioAccount(sid=AC, token=SECRET, phone=NUMBER)
    base_url = "https://api.twilio.example"
    twilio = Twilio(
        wire.transport, account, base_url=base_url, timeout_s=30, receipts_url=receipts_url
    )
    await (twilio.place(message) if is_call else twilio.submit(message))
    return parse_qsl(wire.request.content.decode("ascii"), strict_parsing=True)


def named(pairs: list[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in pairs if key == name]


async def test_a_message_is_reported_to_an_address_with_its_name() -> None:
    sent = await fields(a_message(), URL)
    assert named(sent, "StatusCallback") == [ADDRESS]
    assert named(sent, "StatusCallbackEvent") == []
    assert dict(sent)["Body"] == "Код 4821"


async def test_of_a_call_its_beginning_and_its_end_are_reported() -> None:
    sent = await fields(a_call(), URL)
    assert named(sent, "StatusCallback") == [ADDRESS]
    assert named(sent, "StatusCallbackEvent") == ["initiated", "completed"]


@pytest.mark.parametrize("message", [a_message(), a_call()], ids=["sms", "call"])
async def test_without_an_address_nothing_is_reported(message: Message) -> None:
    assert not [name for name, _ in await fields(message, None) if name.startswith("Status")]


async def test_any_address_arrives_as_it_is() -> None:
    url = "https://sms.example.kz/{a}/%7Bж%7D/callbacks/twilio/receipt"
    sent = await fields(a_message(), url)
    (address,) = named(sent, "StatusCallback")
    assert address == ADDRESS.replace(URL, url)
    assert httpx.URL(address).params["ref"] == MESSAGE_ID.hex
