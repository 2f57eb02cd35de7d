from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.providers.epochtasmsru import Epochtasmsru, EpochtasmsruAccount
from application.ports.providers import BalanceSource, ProviderLookup, SmsProvider
from domain.errors import InvalidTextError, MessageTooLongError
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import Message, MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from domain.sender_id import SenderId
from tests.contracts.messages import MESSAGE_ID, NOW, a_message
from tests.contracts.providers import (
    SECRET,
    BalanceContract,
    LookupContract,
    SubmissionContract,
    Wire,
)

BASE_URL = "https://api.example"
ACCOUNT = EpochtasmsruAccount(username="shop@example.com", password=SECRET, sender="MyShop")
REFERENCE = MESSAGE_ID.hex
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

FORBIDDEN = [
    *(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r"),
    "\ufffe",
    "\uffff",
]
CARRIED = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=FORBIDDEN), min_size=1, max_size=70
).filter(lambda text: "%" not in text)


def epochta(
    transport: httpx.AsyncBaseTransport,
    account: EpochtasmsruAccount = ACCOUNT,
    base_url: str = BASE_URL,
) -> Epochtasmsru:
    return Epochtasmsru(transport, account, base_url=base_url, timeout_s=30.0)


def document_in(request: httpx.Request) -> str:
    (document,) = parse_qs(request.content.decode(), strict_parsing=True)["XML"]
    return document


def read(request: httpx.Request) -> ET.Element:
    return ET.fromstring(document_in(request))  # noqa: S314 - a document of our own


def response(inner: str, http_status: int = 200) -> httpx.Response:
    return httpx.Response(http_status, text=f"{DECLARATION}<RESPONSE>{inner}</RESPONSE>")


def report(*words: str, reference: str = REFERENCE) -> httpx.Response:
    dates = 'sentdate="2026-03-02 10:00:01" donedate="0000-00-00 00:00:00"'
    elements = "".join(f'<message id="{reference}" {dates} status="{word}" />' for word in words)
    return httpx.Response(200, text=f"{DECLARATION}<deliveryreport>{elements}</deliveryreport>")


async def outcome_of(answer: httpx.Response) -> SubmitOutcome:
    return await epochta(Wire(answer).transport).submit(a_message())


async def lookup_of(answer: httpx.Response) -> Lookup:
    attempt = Attempt(message=a_message(), started_at=NOW)
    return await epochta(Wire(answer).transport).find(attempt)


async def balance_of(answer: httpx.Response) -> Balance | NoAnswer:
    return await epochta(Wire(answer).transport).balance()


async def sent(
    message: Message, account: EpochtasmsruAccount = ACCOUNT, base_url: str = BASE_URL
) -> httpx.Request:
    wire = Wire(response("<status>1</status>"))
    await epochta(wire.transport, account, base_url).submit(message)
    return wire.request


class TestSubmission(SubmissionContract):
    def provider(self, transport: httpx.AsyncBaseTransport) -> SmsProvider:
        return epochta(transport)

    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        assert isinstance(provider, Epochtasmsru)
        return await provider.submit(message)

    def accepting(self) -> httpx.Response:
        price = "<credits>0.2235</credits><amount>0.0916</amount><currency>RUB</currency>"
        return response(f"<status>1</status>{price}")

    def refusing(self) -> httpx.Response:
        return response("<status>-4</status>")

    def locking_out(self) -> httpx.Response:
        return response("<status>-1</status>")

    def text_sent(self, request: httpx.Request) -> str:
        text = read(request).findtext("message/text")
        assert text is not None
        return text

    def recipient_sent(self, request: httpx.Request) -> str:
        recipient = read(request).findtext("numbers/number")
        assert recipient is not None
        return recipient

    def reference_sent(self, request: httpx.Request) -> str | None:
        (number,) = read(request).findall("numbers/number")
        return number.get("messageID")

    @given(text=CARRIED)
    @example(
        "Тест Қазақша әіңғүұқөһ 😀👨‍👩‍👧 &<>%+\"' line\nbreak\r\n~tilde ^{}\\[]|€ 5% ]]> &#13;"
    )
    @example("\r")
    @example("\x7f\x85\u2028\ud7ff\ue000\ufffd\U00010000\U0010ffff")
    async def test_the_text_arrives_character_by_character(self, text: str) -> None:
        wire = Wire(self.accepting())
        provider = self.provider(wire.transport)
        provider.check_text(text)
        await self.hand_over(provider, self.message(text))
        assert self.text_sent(wire.request) == text


class TestLookup(LookupContract):
    def lookup(self, transport: httpx.AsyncBaseTransport) -> ProviderLookup:
        return epochta(transport)

    def knowing(self) -> httpx.Response:
        return report("DELIVERED")

    def not_knowing(self) -> httpx.Response:
        return report()


class TestBalance(BalanceContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> BalanceSource:
        return epochta(transport)

    def telling(self, amount: str) -> httpx.Response:
        return response(f"<status>0</status><amount>{amount}</amount><currency>RUB</currency>")


async def test_a_message_is_one_form_field_with_the_whole_document() -> None:
    request = await sent(a_message("Order 17 is ready & waiting"))
    assert request.method == "POST"
    assert str(request.url) == "https://api.example/members/sms/xml.php"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept-encoding"] == "identity"
    assert request.content.isascii()
    assert document_in(request) == (
        f"{DECLARATION}<SMS><operations><operation>SEND</operation></operations>"
        f"<authentification><username>shop@example.com</username><password>{SECRET}</password>"
        "</authentification><message><sender>MyShop</sender>"
        "<text>Order 17 is ready &amp; waiting</text></message>"
        f'<numbers><number messageID="{REFERENCE}">77011234567</number></numbers></SMS>'
    )


@pytest.mark.parametrize("base_url", ["https://h.example:8443", "https://h.example:8443/"])
async def test_the_path_is_put_behind_the_host(base_url: str) -> None:
    request = await sent(a_message(), base_url=base_url)
    assert str(request.url) == "https://h.example:8443/members/sms/xml.php"


async def test_login_and_password_are_escaped() -> None:
    account = EpochtasmsruAccount(username="a<b@c", password='p&s{username}+"%41', sender="Shop")
    login = read(await sent(a_message(), account)).find("authentification")
    assert login is not None
    assert login.findtext("username") == "a<b@c"
    assert login.findtext("password") == 'p&s{username}+"%41'


async def test_the_senders_choice_comes_before_the_accounts() -> None:
    request = await sent(replace(a_message(), sender=SenderId("Tea & Co")))
    assert read(request).findtext("message/sender") == "Tea & Co"


async def test_the_accounts_password_is_not_in_its_repr() -> None:
    assert SECRET not in repr(ACCOUNT)


@pytest.mark.parametrize("character", FORBIDDEN, ids=ascii)
def test_a_character_xml_forbids_is_refused_by_name(character: str) -> None:
    with pytest.raises(InvalidTextError, match=f"U\\+{ord(character):04X}"):
        epochta(Wire(httpx.Response(200)).transport).check_text(f"one{character}two")


@pytest.mark.parametrize("text", ["Dear %1%", "%12%", "from 10%20% on"])
def test_a_placeholder_is_refused(text: str) -> None:
    with pytest.raises(InvalidTextError, match="%"):
        epochta(Wire(httpx.Response(200)).transport).check_text(text)


@pytest.mark.parametrize("text", ["100%", "50% off, 20% more", "%%", "%1 %", "%a%"])
def test_a_percent_sign_alone_is_no_placeholder(text: str) -> None:
    epochta(Wire(httpx.Response(200)).transport).check_text(text)


@pytest.mark.parametrize(("character", "most"), [("x", 1530), ("ы", 670)])
def test_ten_segments_are_taken_and_no_more(character: str, most: int) -> None:
    provider = epochta(Wire(httpx.Response(200)).transport)
    provider.check_text(character * most)
    with pytest.raises(MessageTooLongError, match="10"):
        provider.check_text(character * (most + 1))


@pytest.mark.parametrize("status", ["1", "2", "+1", " 1\n"])
async def test_a_count_of_messages_taken_is_an_acceptance_without_an_id(status: str) -> None:
    assert await outcome_of(response(f"<status>{status}</status>")) == Accepted()


async def test_a_count_of_none_leaves_the_outcome_open() -> None:
    outcome = await outcome_of(response("<status>0</status>"))
    assert isinstance(outcome, Unconfirmed)
    assert outcome.provider_code == "0"


@pytest.mark.parametrize(
    ("code", "kind"),
    [("-1", UnavailableKind.CREDENTIALS), ("-3", UnavailableKind.NO_MONEY)],
)
async def test_the_accounts_trouble_is_not_the_messages(code: str, kind: UnavailableKind) -> None:
    outcome = await outcome_of(response(f"<status>{code}</status>"))
    assert isinstance(outcome, Unavailable)
    assert (outcome.kind, outcome.provider_code) == (kind, code)
    assert outcome.text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("-2", RejectReason.REQUEST),
        ("-4", RejectReason.RECIPIENT),
        ("-5", RejectReason.CONTENT),
        ("-6", RejectReason.OTHER),
        ("-7", RejectReason.SENDER),
        ("-8", RejectReason.OTHER),
        ("-100", RejectReason.OTHER),
    ],
)
async def test_every_other_error_refuses_the_message(code: str, reason: RejectReason) -> None:
    outcome = await outcome_of(response(f"<status>{code}</status>"))
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.provider_code) == (reason, code)
    assert outcome.text


@pytest.mark.parametrize("http_status", [201, 204, 302, 400, 401, 404, 500, 502, 503])
@pytest.mark.parametrize("status", ["1", "-1", "-4"])
async def test_a_verdict_counts_with_http_200_only(http_status: int, status: str) -> None:
    outcome = await outcome_of(response(f"<status>{status}</status>", http_status))
    assert isinstance(outcome, Unconfirmed)
    assert str(http_status) in outcome.text


@pytest.mark.parametrize(
    "body",
    [
        "<RESPONSE></RESPONSE>",
        "<RESPONSE><status></status></RESPONSE>",
        "<RESPONSE><status>one</status></RESPONSE>",
        "<RESPONSE><status>1.0</status></RESPONSE>",
        "<RESPONSE><status>1_0</status></RESPONSE>",
        "<RESPONSE><status>\u0661</status></RESPONSE>",
        f"<RESPONSE><status>{'9' * 5000}</status></RESPONSE>",
        "<RESPONSE><status>1</status>",
        "<RESPONSE><credits><status>1</status></credits></RESPONSE>",
        "<response><status>1</status></response>",
        "<deliveryreport><status>1</status></deliveryreport>",
        "<!DOCTYPE RESPONSE><RESPONSE><status>1</status></RESPONSE>",
        '<!DOCTYPE RESPONSE [<!ENTITY n "1">]><RESPONSE><status>&n;</status></RESPONSE>',
        "<!DOCTYPE html><html><body>maintenance</body></html>",
        "<a>" * 100_000 + "</a>" * 100_000,
    ],
    ids=lambda body: body[:60],
)
async def test_any_other_document_leaves_the_outcome_open(body: str) -> None:
    assert isinstance(await outcome_of(httpx.Response(200, text=body)), Unconfirmed)


async def test_an_answer_in_another_encoding_leaves_the_outcome_open() -> None:
    document = '<?xml version="1.0" encoding="UTF-16"?><RESPONSE><status>1</status></RESPONSE>'
    answer = httpx.Response(200, content=document.encode("utf-16"))
    assert isinstance(await outcome_of(answer), Unconfirmed)


@pytest.mark.parametrize(
    ("http_status", "headers", "wait_s"),
    [(429, {}, None), (429, {"retry-after": "7"}, 7.0)],
)
async def test_being_told_to_wait_proves_that_nothing_was_taken(
    http_status: int, headers: dict[str, str], wait_s: float | None
) -> None:
    outcome = await outcome_of(httpx.Response(http_status, headers=headers))
    assert isinstance(outcome, Unavailable)
    assert outcome.kind is UnavailableKind.THROTTLED
    assert outcome.retry_after_s == wait_s


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "30"}])
async def test_a_503_leaves_the_outcome_open_even_with_a_time(headers: dict[str, str]) -> None:
    assert isinstance(await outcome_of(httpx.Response(503, headers=headers)), Unconfirmed)


async def test_the_question_names_our_reference_in_an_element() -> None:
    wire = Wire(report("SENT"))
    await epochta(wire.transport).find(Attempt(message=a_message(), started_at=NOW))
    assert str(wire.request.url) == "https://api.example/members/sms/xml.php"
    assert document_in(wire.request) == (
        f"{DECLARATION}<SMS><operations><operation>GETSTATUS</operation></operations>"
        f"<authentification><username>shop@example.com</username><password>{SECRET}</password>"
        "</authentification>"
        f"<statistics><messageid>{REFERENCE}</messageid></statistics></SMS>"
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("0", MessageStatus.SUBMITTED),
        ("SENT", MessageStatus.SUBMITTED),
        ("DELIVERED", MessageStatus.DELIVERED),
        ("delivered", MessageStatus.DELIVERED),
        ("NOT_DELIVERED", MessageStatus.UNDELIVERABLE),
        ("NOT_ALLOWED", MessageStatus.UNDELIVERABLE),
        ("INVALID_DESTINATION_ADDRESS", MessageStatus.UNDELIVERABLE),
        ("INVALID_SOURCE_ADDRESS", MessageStatus.UNDELIVERABLE),
        ("NOT_ENOUGH_CREDITS", MessageStatus.UNDELIVERABLE),
        ("INVALID_PHONE_NUMBER", MessageStatus.UNDELIVERABLE),
        ("SPAM", MessageStatus.UNDELIVERABLE),
        ("EXPIRED", MessageStatus.EXPIRED),
        ("duplicate", MessageStatus.UNDELIVERABLE),
        ("SOMETHING_NEW", MessageStatus.SUBMITTED),
    ],
)
async def test_every_state_has_its_meaning_and_keeps_its_word(
    word: str, status: MessageStatus
) -> None:
    assert await lookup_of(report(word)) == Found(status=status, provider_code=word)


async def test_a_long_word_for_a_state_is_cut() -> None:
    found = Found(status=MessageStatus.SUBMITTED, provider_code="X" * 64)
    assert await lookup_of(report("X" * 1000)) == found


async def test_a_message_without_a_state_was_taken() -> None:
    assert await lookup_of(report("")) == Found(status=MessageStatus.SUBMITTED)


@pytest.mark.parametrize(
    ("words", "furthest"),
    [
        (("0", "SENT", "DELIVERED"), "DELIVERED"),
        (("DELIVERED", "NOT_DELIVERED"), "DELIVERED"),
        (("NOT_DELIVERED", "SENT"), "NOT_DELIVERED"),
        (("EXPIRED", "NOT_DELIVERED"), "NOT_DELIVERED"),
        (("0", "EXPIRED"), "EXPIRED"),
    ],
)
async def test_of_a_message_there_twice_the_furthest_state_counts(
    words: tuple[str, ...], furthest: str
) -> None:
    found = await lookup_of(report(*words))
    assert isinstance(found, Found)
    assert found.provider_code == furthest


async def test_another_messages_state_is_not_ours() -> None:
    assert await lookup_of(report("DELIVERED", reference="0" * 32)) == NotFound()


@pytest.mark.parametrize("code", [-1, -2, -3, -4, -5, -7, -99])
async def test_a_refused_question_says_nothing_of_the_message(code: int) -> None:
    answer = await lookup_of(response(f"<status>{code}</status>"))
    assert isinstance(answer, NoAnswer)
    assert str(code) in answer.text


@pytest.mark.parametrize("inner", ["<status>1</status>", "<status>0</status>", ""])
async def test_an_answer_of_another_kind_says_nothing_of_the_message(inner: str) -> None:
    assert isinstance(await lookup_of(response(inner)), NoAnswer)


async def test_a_report_with_another_http_status_says_nothing_of_the_message() -> None:
    answer = httpx.Response(500, content=report("DELIVERED").content)
    assert isinstance(await lookup_of(answer), NoAnswer)


async def test_a_throttled_question_says_how_long_to_wait() -> None:
    answer = httpx.Response(429, headers={"retry-after": "5"})
    for said in (await lookup_of(answer), await balance_of(answer)):
        assert isinstance(said, NoAnswer)
        assert said.retry_after_s == 5.0


async def test_the_question_for_the_balance_is_a_bare_login() -> None:
    wire = Wire(response("<status>0</status><credits>1</credits>"))
    await epochta(wire.transport).balance()
    assert document_in(wire.request) == (
        f"{DECLARATION}<SMS><operations><operation>BALANCE</operation></operations>"
        f"<authentification><username>shop@example.com</username><password>{SECRET}</password>"
        "</authentification></SMS>"
    )


async def test_money_is_preferred_to_credits() -> None:
    money = "<credits>780.64</credits><amount>319.10</amount><currency>RUB</currency>"
    balance = await balance_of(response(f"<status>0</status>{money}"))
    assert balance == Balance(Decimal("319.10"), "RUB")


@pytest.mark.parametrize(
    "money",
    [
        "<credits>780.64</credits>",
        "<credits>780.64</credits><amount>319.10</amount>",
        "<credits>780.64</credits><amount></amount><currency></currency>",
    ],
)
async def test_an_older_answer_tells_credits_without_a_currency(money: str) -> None:
    balance = await balance_of(response(f"<status>0</status>{money}"))
    assert balance == Balance(Decimal("780.64"))


@pytest.mark.parametrize("status", ["-1", "1", "", "x"])
async def test_a_balance_comes_with_status_zero_only(status: str) -> None:
    answer = response(f"<status>{status}</status><credits>780.64</credits>")
    assert isinstance(await balance_of(answer), NoAnswer)


@pytest.mark.parametrize("amount", ["1e19", "-1e999999", "1e-999"])
async def test_an_amount_nobody_could_write_out_is_no_balance(amount: str) -> None:
    answer = response(f"<status>0</status><credits>{amount}</credits>")
    assert isinstance(await balance_of(answer), NoAnswer)
