from urllib.parse import parse_qsl

import pytest

from adapters.providers.twilio_callbacks import TwilioCallbacks
from application.ports.callbacks import Callback, CallbackOutcome, Ignored, Malformed, Refused
from domain.inbound import InboundMessage, Keyword
from domain.receipt import Receipt
from tests.contracts.callbacks import (
    JSON,
    PUBLIC_URL,
    SECRET,
    CallbackReaderContract,
    a_callback,
    form,
)
from tests.contracts.messages import MESSAGE_ID, NOW
from tests.fakes import CountingIds, FixedClock
from tests.twilio_library import official_signature
from tests.unit.adapters.providers.twilio_exchanges import AC, CA, SM

REF = f"ref={MESSAGE_ID.hex}"
STATUS = {"AccountSid": AC, "MessageSid": SM, "To": "+77011234567", "MessageStatus": "delivered"}
CALL = {"AccountSid": AC, "CallSid": CA, "Direction": "outbound-api", "SequenceNumber": "2"}
TEXT = {
    "AccountSid": AC,
    "MessageSid": SM,
    "From": "+77011234567",
    "To": "+15005550006",
    "Body": "Стоп, пожалуйста ",
    "SmsStatus": "received",
    "FromCity": "",
}


def reader(*tokens: str) -> TwilioCallbacks:
    return TwilioCallbacks(AC, tokens or (SECRET,), FixedClock(), CountingIds())


def posted(body: bytes, query: str = REF, **more: str) -> Callback:
    fields = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
    url = a_callback(query=query).url or ""
    signature = official_signature(SECRET, url, fields)
    return a_callback(body, query=query, x_twilio_signature=signature, **more)


def told(fields: dict[str, str], query: str = REF) -> CallbackOutcome:
    return reader().read(posted(form(**fields), query))


def receipt(**fields: str) -> Receipt:
    outcome = told(STATUS | fields)
    assert isinstance(outcome, Receipt)
    return outcome


def call_receipt(**fields: str) -> Receipt:
    outcome = told(CALL | fields)
    assert isinstance(outcome, Receipt)
    return outcome


def inbound(**fields: str) -> InboundMessage:
    outcome = told(TEXT | fields, query="")
    assert isinstance(outcome, InboundMessage)
    return outcome


class TestReader(CallbackReaderContract):
    def reader(self, secret: str = SECRET) -> TwilioCallbacks:
        return reader(secret)

    def delivered(self) -> Callback:
        return posted(form(**STATUS))

    def unsigned(self, body: bytes, query: bytes) -> Callback:
        return a_callback(body, query=query.decode("latin-1"), x_twilio_signature="AAAA")

    def signed(self, status: str, provider_id: str) -> Callback:
        said = {"MessageStatus": status, "MessageSid": provider_id, "ErrorCode": status}
        return posted(form(**STATUS | said), query=f"ref={provider_id[:40].encode().hex()}")


def test_the_receipt_names_the_message_by_our_reference_and_by_the_sid() -> None:
    assert receipt() == Receipt(
        provider="twilio",
        status=receipt().status,
        at=NOW,
        message_id=MESSAGE_ID,
        provider_id=SM,
        provider_code="delivered",
    )


@pytest.mark.parametrize(
    "query", ["", "ref=", "ref=9f2c", f"ref={MESSAGE_ID}x", f"{REF}0", f"reference={'0' * 32}"]
)
def test_without_our_reference_the_sid_has_to_do(query: str) -> None:
    outcome = told(STATUS, query)
    assert isinstance(outcome, Receipt)
    assert outcome.message_id is None
    assert outcome.provider_id == SM


@pytest.mark.parametrize(
    ("word", "code", "status", "kept"),
    [
        ("queued", None, "submitted", "queued"),
        ("sent", None, "submitted", "sent"),
        ("delivered", None, "delivered", "delivered"),
        ("read", None, "delivered", "read"),
        ("undelivered", "30003", "undeliverable", "undelivered/30003"),
        ("failed", "30036", "expired", "failed/30036"),
        ("failed", "21610", "undeliverable", "failed/21610"),
        ("canceled", None, "undeliverable", "canceled"),
        ("partially_delivered", None, "submitted", "partially_delivered"),
        ("brand-new", None, "submitted", "brand-new"),
        ("failed", "no number", "undeliverable", "failed"),
        ("failed", "9" * 5000, "undeliverable", "failed"),
    ],
)
def test_the_states_of_messages(word: str, code: str | None, status: str, kept: str) -> None:
    found = receipt(MessageStatus=word, **({} if code is None else {"ErrorCode": code}))
    assert (found.status, found.provider_code) == (status, kept)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("initiated", "submitted"),
        ("ringing", "submitted"),
        ("in-progress", "submitted"),
        ("completed", "delivered"),
        ("busy", "undeliverable"),
        ("no-answer", "undeliverable"),
        ("failed", "undeliverable"),
        ("canceled", "undeliverable"),
    ],
)
def test_the_states_of_calls(word: str, status: str) -> None:
    found = call_receipt(CallStatus=word)
    assert (found.status, found.provider_code) == (status, word)
    assert (found.provider_id, found.message_id) == (CA, MESSAGE_ID)


def test_how_a_call_went_is_kept_in_words() -> None:
    assert call_receipt(CallStatus="busy", SipResponseCode="486").text == "SIP 486"
    answered = call_receipt(
        CallStatus="completed", AnsweredBy="machine_start", CallDuration="61", SipResponseCode="200"
    )
    assert answered.text == "answered by machine_start, seconds: 61, SIP 200"


def test_the_providers_sentence_is_kept_without_the_number() -> None:
    said = "The number +77011234567 is unreachable"
    found = receipt(MessageStatus="undelivered", ErrorCode="30003", ErrorMessage=said)
    assert found.text == "The number 7701***4567 is unreachable"


@pytest.mark.parametrize(
    ("word", "code", "opted_out"),
    [
        ("failed", "21610", True),
        ("undelivered", "21610", True),
        ("sent", "21610", False),
        ("failed", "30004", False),
        ("undelivered", "30007", False),
        ("failed", "2161", False),
    ],
)
def test_only_21610_says_that_the_recipient_opted_out(
    word: str,
    code: str,
    opted_out: bool,  # noqa: FBT001 - a table
) -> None:
    assert receipt(MessageStatus=word, ErrorCode=code).opted_out is opted_out


def test_the_older_names_of_the_fields_do_as_well() -> None:
    outcome = told({"SmsSid": SM, "SmsStatus": "delivered"})
    assert isinstance(outcome, Receipt)
    assert outcome.status == "delivered"


@pytest.mark.parametrize("sid", ["", " ", "SM1", f"{SM}0", f"x{SM}", f"AC{SM[2:]}"])
def test_what_is_no_sid_is_malformed(sid: str) -> None:
    assert isinstance(told(STATUS | {"MessageSid": sid}), Malformed)
    assert isinstance(told(CALL | {"CallSid": sid, "CallStatus": "busy"}), Malformed)
    assert isinstance(told(TEXT | {"MessageSid": sid}), Malformed)


def test_a_sid_is_trimmed() -> None:
    assert receipt(MessageSid=f" {SM}\n").provider_id == SM


def test_neither_a_status_nor_a_text_is_malformed() -> None:
    assert isinstance(told({"AccountSid": AC}), Malformed)
    assert isinstance(told({"AccountSid": AC, "MessageStatus": ""}), Malformed)


def test_by_get_everything_is_in_the_address() -> None:
    query = f"{REF}&MessageSid={SM}&MessageStatus=delivered&AccountSid={AC}"
    url = f"{PUBLIC_URL}/callbacks/any/receipt?{query}"
    signature = official_signature(SECRET, url, {})
    callback = a_callback(method="GET", query=query, x_twilio_signature=signature)
    found = reader().read(callback)
    assert isinstance(found, Receipt)
    assert (found.message_id, found.provider_id) == (MESSAGE_ID, SM)


def test_without_a_public_address_nothing_can_be_checked() -> None:
    genuine = posted(form(**STATUS))
    unknown = Callback(
        method="POST", url=None, query=genuine.query, headers=genuine.headers, body=genuine.body
    )
    outcome = reader().read(unknown)
    assert isinstance(outcome, Refused)
    assert "PUBLIC_URL" in outcome.text


@pytest.mark.parametrize("tokens", [(SECRET, "old"), ("new", SECRET)])
def test_while_a_token_is_replaced_both_sign(tokens: tuple[str, ...]) -> None:
    assert isinstance(reader(*tokens).read(posted(form(**STATUS))), Receipt)


def test_another_account_is_refused() -> None:
    assert isinstance(told(STATUS | {"AccountSid": f"AC{'0' * 32}"}), Refused)
    assert isinstance(told(STATUS | {"AccountSid": AC.upper()}), Receipt)


def test_genuine_json_is_about_other_things() -> None:
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    query = f"bodySHA256={digest}"
    assert reader().read(posted(b"", query)) != Ignored()
    url = a_callback(query=query).url or ""
    signature = official_signature(SECRET, url, {})
    signed = a_callback(b"{}", query=query, content_type=JSON, x_twilio_signature=signature)
    assert reader().read(signed) == Ignored()


def test_what_a_subscriber_writes_comes_character_by_character() -> None:
    assert inbound() == InboundMessage(
        id=inbound().id,
        provider="twilio",
        phone="77011234567",
        to="15005550006",
        text="Стоп, пожалуйста ",
        received_at=NOW,
        provider_id=SM,
    )


def test_a_text_may_be_empty_and_has_no_nul() -> None:
    assert inbound(Body="").text == ""
    assert inbound(Body="a\x00b").text == "a\ufffdb"


def test_a_sender_that_is_no_number_is_kept_as_it_is_called() -> None:
    assert inbound(From="whatsapp:+77011234567").phone == "whatsapp:+77011234567"
    assert inbound(From="A" * 50).phone == "A" * 32


def test_a_text_from_nobody_is_malformed() -> None:
    assert isinstance(told(TEXT | {"From": " "}), Malformed)


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("STOP", Keyword.STOP),
        (" stop\n", Keyword.STOP),
        ("StopAll", Keyword.STOP),
        ("UNSUBSCRIBE", Keyword.STOP),
        ("cancel", Keyword.STOP),
        ("END", Keyword.STOP),
        ("quit", Keyword.STOP),
        ("revoke", Keyword.STOP),
        ("optout", Keyword.STOP),
        ("Start", Keyword.START),
        ("yes", None),
        ("UNSTOP", Keyword.START),
        ("help", Keyword.HELP),
        ("INFO", Keyword.HELP),
        ("stop.", None),
        ("don't stop", None),
        ("Стоп", None),
        ("", None),
    ],
)
def test_the_words_twilio_answers_itself_are_the_whole_text(
    text: str, keyword: Keyword | None
) -> None:
    assert inbound(Body=text).keyword is keyword


@pytest.mark.parametrize(
    ("said", "text", "keyword"),
    [
        ("STOP", "тоқтату", Keyword.STOP),
        ("START", "stop", Keyword.START),
        ("HELP", "что это", Keyword.HELP),
        ("", "stop", Keyword.STOP),
        ("OTHER", "stop", Keyword.STOP),
    ],
)
def test_what_twilio_says_it_asks_for_goes_before_the_words(
    said: str, text: str, keyword: Keyword
) -> None:
    assert inbound(OptOutType=said, Body=text).keyword is keyword


def test_a_call_to_us_is_no_receipt() -> None:
    assert told(CALL | {"Direction": "inbound", "CallStatus": "ringing"}) == Ignored()
