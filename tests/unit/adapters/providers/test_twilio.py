from base64 import b64encode
from dataclasses import replace
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.providers.twilio import Twilio, TwilioAccount, TwilioVoice
from domain.errors import InvalidTextError, MessageTooLongError
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome, Unavailable, UnavailableKind, Unconfirmed
from domain.sender_id import SenderId
from tests.contracts.messages import a_message
from tests.contracts.providers import SECRET, SubmissionContract, Wire
from tests.unit.adapters.providers.twilio_exchanges import (
    AC,
    CA,
    CALL_TAKEN,
    MG,
    NOT_XML,
    NUMBER,
    SM,
    SMS_TAKEN,
    a_call,
    error,
    placed,
    submitted,
    twilio,
)


def form(request: httpx.Request) -> dict[str, str]:
    pairs = parse_qsl(request.content.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "no parameter twice"
    return dict(pairs)


class TestSms(SubmissionContract):
    def provider(self, transport: httpx.AsyncBaseTransport) -> Twilio:
        return twilio(transport)

    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        assert isinstance(provider, Twilio)
        return await provider.submit(message)

    def accepting(self) -> httpx.Response:
        return SMS_TAKEN

    def refusing(self) -> httpx.Response:
        return error(400, 21211)

    def locking_out(self) -> httpx.Response:
        return error(401, 20003, "Authenticate")

    def text_sent(self, request: httpx.Request) -> str:
        return form(request)["Body"]

    def recipient_sent(self, request: httpx.Request) -> str:
        return form(request)["To"]

    def reference_sent(self, request: httpx.Request) -> None:
        """Twilio has no field for one."""


class TestCall(TestSms):
    def message(self, text: str = "Код 4821") -> Message:
        return a_call(text)

    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        assert isinstance(provider, Twilio)
        return await provider.place(message)

    def accepting(self) -> httpx.Response:
        return CALL_TAKEN

    def refusing(self) -> httpx.Response:
        return error(400, 21217)

    def text_sent(self, request: httpx.Request) -> str:
        response = ET.fromstring(form(request)["Twiml"])  # noqa: S314 (our own document)
        return "".join(say.text or "" for say in response.iter("Say"))

    # Without the characters XML cannot carry: those are spoken as spaces.
    @given(
        text=st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters=NOT_XML),
            min_size=1,
            max_size=70,
        )
    )
    @example("Тест Қазақша әіңғүұқөһ 😀👨‍👩‍👧 &<>%+\"' line\nbreak\r\n~tilde ^{}\\[]|€ %1%")
    async def test_the_text_arrives_character_by_character(self, text: str) -> None:
        wire = Wire(self.accepting())
        await self.hand_over(self.provider(wire.transport), self.message(text))
        assert self.text_sent(wire.request) == text


@pytest.mark.parametrize("sid", [SM, SM.replace("SM", "MM"), SM.upper()])
async def test_the_sid_is_kept_with_and_without_media(sid: str) -> None:
    assert await submitted(httpx.Response(201, json={"sid": sid})) == Accepted(sid)


@pytest.mark.parametrize(
    "sid", [None, "", 1, CA, f"{SM}0", f"{SM}\n", f"x{SM}", SM[:-1], "SM" * 17]
)
async def test_what_is_no_message_sid_leaves_the_outcome_open(sid: object) -> None:
    outcome = await submitted(httpx.Response(201, json={"sid": sid}))
    assert outcome == Unconfirmed("HTTP 201, unreadable")


@pytest.mark.parametrize("status", [201, 400])
async def test_a_body_that_is_not_utf8_leaves_the_outcome_open(status: int) -> None:
    answer = httpx.Response(status, content=b'{"sid": "\xff", "message": "\xff"}')
    assert isinstance(await submitted(answer), Unconfirmed)


async def test_a_message_sid_is_no_call_sid() -> None:
    assert isinstance(await placed(SMS_TAKEN), Unconfirmed)
    assert await placed(CALL_TAKEN) == Accepted(CA)


@pytest.mark.parametrize("base_url", ["https://h.example:8443", "https://h.example:8443/"])
async def test_a_message_is_one_form_and_nothing_more(base_url: str) -> None:
    wire = Wire(SMS_TAKEN)
    await twilio(wire.transport, base_url=base_url).submit(a_message("Код: 4821 +"))
    request = wire.request
    assert request.method == "POST"
    assert request.url == f"https://h.example:8443/2010-04-01/Accounts/{AC}/Messages.json"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept-encoding"] == "identity"
    basic = b64encode(f"{AC}:{SECRET}".encode()).decode()
    assert request.headers["authorization"] == f"Basic {basic}"
    assert request.content == (
        b"To=%2B77011234567&From=%2B15005550006&Body=%D0%9A%D0%BE%D0%B4%3A+4821+%2B"
    )


async def test_a_call_is_one_form_and_nothing_more() -> None:
    wire = Wire(CALL_TAKEN)
    voice = TwilioVoice(english_voice="Polly.Amy", ring_s=20, time_limit_s=60)
    await twilio(wire.transport, voice=voice).place(a_call("Code & 4"))
    assert wire.request.url.path == f"/2010-04-01/Accounts/{AC}/Calls.json"
    assert form(wire.request) == {
        "To": "+77011234567",
        "From": NUMBER,
        "Timeout": "20",
        "TimeLimit": "60",
        "Twiml": '<Response><Pause length="1"/><Say voice="Polly.Amy" language="en-US">'
        "Code &amp; 4</Say></Response>",
    }


@pytest.mark.parametrize(
    ("phone", "parameter", "value"),
    [
        ("15005550006", "From", NUMBER),
        (NUMBER, "From", NUMBER),
        ("12345", "From", "12345"),
        ("AcmeBank", "From", "AcmeBank"),
        ("A & B+1", "From", "A & B+1"),
        (MG, "MessagingServiceSid", MG),
        (MG[:-1], "From", MG[:-1]),
    ],
)
async def test_the_account_has_a_number_a_name_or_a_service(
    phone: str, parameter: str, value: str
) -> None:
    wire = Wire(SMS_TAKEN)
    await twilio(wire.transport, phone).submit(a_message())
    assert form(wire.request) == {"To": "+77011234567", parameter: value, "Body": "Код 4821"}


@pytest.mark.parametrize(
    ("sender", "value"), [("77010000001", "+77010000001"), ("+1234", "1234"), ("Acme", "Acme")]
)
@pytest.mark.parametrize("phone", [NUMBER, MG])
async def test_the_callers_sender_goes_before_the_accounts(
    phone: str, sender: str, value: str
) -> None:
    wire = Wire(SMS_TAKEN)
    message = replace(a_message(), sender=SenderId(sender))
    await twilio(wire.transport, phone).submit(message)
    assert form(wire.request) == {"To": "+77011234567", "From": value, "Body": "Код 4821"}


@pytest.mark.parametrize("phone", ["AcmeBank", MG, "12345"])
async def test_without_a_number_to_call_from_nothing_is_asked(phone: str) -> None:
    wire = Wire(CALL_TAKEN)
    outcome = await twilio(wire.transport, phone).place(a_call())
    assert isinstance(outcome, Unavailable)
    assert outcome.kind is UnavailableKind.CONFIGURATION
    assert wire.requests == []


async def test_a_call_may_bring_its_own_number() -> None:
    wire = Wire(CALL_TAKEN)
    call = replace(a_call(), sender=SenderId("77010000001"))
    assert await twilio(wire.transport, "AcmeBank").place(call) == Accepted(CA)
    assert form(wire.request)["From"] == "+77010000001"


@pytest.mark.parametrize(("unit", "count"), [("x", 1600), ("я", 1600), ("😀", 800)])
def test_a_text_has_sixteen_hundred_utf16_units(unit: str, count: int) -> None:
    provider = twilio(Wire(SMS_TAKEN).transport)
    provider.check_text(unit * count)
    with pytest.raises(MessageTooLongError, match="1600"):
        provider.check_text(unit * (count + 1))


def test_a_speech_is_checked_for_what_twilio_reads() -> None:
    provider = twilio(Wire(CALL_TAKEN).transport)
    provider.check_speech("Ваш код 4821")
    with pytest.raises(InvalidTextError):
        provider.check_speech("Сіздің кодыңыз 4821")
    with pytest.raises(MessageTooLongError):
        provider.check_speech("x" * 4000)


def test_the_token_is_not_in_the_accounts_repr() -> None:
    assert SECRET not in repr(TwilioAccount(sid=AC, token=SECRET, phone=NUMBER))
