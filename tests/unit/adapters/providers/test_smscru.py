import re
from dataclasses import replace
from decimal import Decimal
from typing import cast
from urllib.parse import parse_qs
from uuid import UUID

import httpx
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from adapters.providers.smscru import Smscru, SmscruAccount, reference
from adapters.providers.smscru_text import inert_speech, inert_text
from application.ports.providers import (
    BalanceSource,
    ProviderLookup,
    SmsProvider,
    VoiceProvider,
)
from domain.errors import InvalidPhoneError, MessageTooLongError
from domain.lookup import Attempt, Balance, Found, Lookup, NoAnswer, NotFound
from domain.message import Channel, Message, MessageStatus
from domain.outcome import (
    Accepted,
    Rejected,
    RejectReason,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)
from domain.phone import Phone
from domain.segments import Encoding, encoding_of
from domain.sender_id import SenderId
from tests.contracts.messages import MESSAGE_ID, NOW, a_message
from tests.contracts.providers import (
    SECRET,
    BalanceContract,
    LookupContract,
    SubmissionContract,
    Wire,
)

OURS = f"h{MESSAGE_ID.hex}"
ACCOUNT = SmscruAccount(username="acme", password=SECRET)
TAKEN = f'{{"id": "{OURS}", "cnt": 1}}'
CALL = a_message(channel=Channel.CALL)


def smscru(
    transport: httpx.AsyncBaseTransport,
    account: SmscruAccount = ACCOUNT,
    base_url: str = "https://smsc.ru",
) -> Smscru:
    return Smscru(transport, account, base_url=base_url, timeout_s=5)


def form_of(request: httpx.Request) -> dict[str, str]:
    fields = parse_qs(
        request.content.decode("ascii"),
        keep_blank_values=True,
        strict_parsing=True,
        errors="strict",
    )
    assert all(len(values) == 1 for values in fields.values()), "no field is given twice"
    return {name: values[0] for name, values in fields.items()}


class _Submission(SubmissionContract):
    def provider(self, transport: httpx.AsyncBaseTransport) -> Smscru:
        return smscru(transport)

    def accepting(self) -> httpx.Response:
        return httpx.Response(200, text=TAKEN)

    def refusing(self) -> httpx.Response:
        return httpx.Response(200, text='{"error": "invalid number", "error_code": 7, "id": 34}')

    def locking_out(self) -> httpx.Response:
        return httpx.Response(200, text='{"error": "authorise error", "error_code": 2}')

    def text_sent(self, request: httpx.Request) -> str:
        return form_of(request)["mes"]

    def recipient_sent(self, request: httpx.Request) -> str:
        return form_of(request)["phones"]

    def reference_sent(self, request: httpx.Request) -> str | None:
        return form_of(request)["id"]

    def message(self, text: str = "Код 4821") -> Message:
        if inert_speech(text) != text:
            reject()  # a text with a command in it is altered; properties of its own are below
        return a_message(text)


class TestSubmittingAnSms(_Submission):
    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        return await cast(SmsProvider, provider).submit(message)


class TestPlacingACall(_Submission):
    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        return await cast(VoiceProvider, provider).place(message)


class TestLookingUp(LookupContract):
    def lookup(self, transport: httpx.AsyncBaseTransport) -> ProviderLookup:
        return smscru(transport)

    def knowing(self) -> httpx.Response:
        return httpx.Response(
            200,
            text='{"status": 1, "last_date": "18.10.2026 15:34:12", "last_timestamp": 1792326852}',
        )

    def not_knowing(self) -> httpx.Response:
        return httpx.Response(200, text='{"status": -3}')


class TestAskingForTheBalance(BalanceContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> BalanceSource:
        return smscru(transport)

    def telling(self, amount: str) -> httpx.Response:
        return httpx.Response(200, json={"balance": amount, "currency": "RUB"})


async def outcome_of(
    body: str, status: int = 200, headers: dict[str, str] | None = None
) -> SubmitOutcome:
    answer = httpx.Response(status, text=body, headers=headers)
    return await smscru(Wire(answer).transport).submit(a_message())


async def state_of(body: str, status: int = 200, message: Message | None = None) -> Lookup:
    wire = Wire(httpx.Response(status, text=body))
    attempt = Attempt(message=message or a_message(), started_at=NOW)
    return await smscru(wire.transport).find(attempt)


async def balance_of(body: str, status: int = 200) -> Balance | NoAnswer:
    return await smscru(Wire(httpx.Response(status, text=body)).transport).balance()


# What goes out


async def test_an_sms_is_one_form_with_these_fields() -> None:
    wire = Wire(httpx.Response(200, text=TAKEN))
    await smscru(wire.transport).submit(a_message("Код 48+21 & co"))
    assert wire.request.method == "POST"
    assert str(wire.request.url) == "https://smsc.ru/sys/send.php"
    assert wire.request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert wire.request.headers["accept-encoding"] == "identity"
    assert wire.request.headers["content-length"] == str(len(wire.request.content))
    assert b"&phones=%2B77011234567&" in wire.request.content
    assert form_of(wire.request) == {
        "login": "acme",
        "psw": SECRET,
        "fmt": "3",
        "charset": "utf-8",
        "phones": "+77011234567",
        "id": OURS,
        "mes": "Код 48+21 & co",
    }


async def test_a_call_is_the_same_form_with_call_set() -> None:
    sms, call = Wire(httpx.Response(200, text=TAKEN)), Wire(httpx.Response(200, text=TAKEN))
    await smscru(sms.transport).submit(a_message())
    await smscru(call.transport).place(CALL)
    assert form_of(call.request) == form_of(sms.request) | {"call": "1"}
    assert call.request.url == sms.request.url


async def test_a_question_about_an_attempt_is_a_form_with_these_fields() -> None:
    wire = Wire(httpx.Response(200, text='{"status": 0}'))
    await smscru(wire.transport).find(Attempt(message=a_message(), started_at=NOW))
    assert wire.request.method == "POST"
    assert str(wire.request.url) == "https://smsc.ru/sys/status.php"
    assert form_of(wire.request) == {
        "login": "acme",
        "psw": SECRET,
        "fmt": "3",
        "charset": "utf-8",
        "phone": "77011234567",
        "id": OURS,
        "all": "0",
    }


async def test_a_message_is_asked_about_by_the_id_it_was_taken_under() -> None:
    wire = Wire(httpx.Response(200, text='{"status": 0}'))
    taken = a_message(provider_id="a&b=1")
    found = await smscru(wire.transport).find(Attempt(message=taken, started_at=NOW))
    assert form_of(wire.request)["id"] == "a&b=1"
    assert isinstance(found, Found)
    assert found.provider_id == "a&b=1"


async def test_the_balance_is_asked_for_with_its_currency() -> None:
    wire = Wire(httpx.Response(200, text='{"balance": "1871.62", "currency": "KZT"}'))
    balance = await smscru(wire.transport).balance()
    assert balance == Balance(Decimal("1871.62"), "KZT")
    assert str(wire.request.url) == "https://smsc.ru/sys/balance.php"
    assert form_of(wire.request) == {
        "login": "acme",
        "psw": SECRET,
        "fmt": "3",
        "charset": "utf-8",
        "cur": "1",
    }


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://smsc.kz", "https://smsc.kz/sys/send.php"),
        ("https://smsc.kz/", "https://smsc.kz/sys/send.php"),
        ("http://127.0.0.1:8025/", "http://127.0.0.1:8025/sys/send.php"),
    ],
)
async def test_the_host_is_a_setting(base_url: str, url: str) -> None:
    wire = Wire(httpx.Response(200, text=TAKEN))
    await smscru(wire.transport, base_url=base_url).submit(a_message())
    assert str(wire.request.url) == url


async def test_credentials_are_quoted() -> None:
    wire = Wire(httpx.Response(200, text=TAKEN))
    account = SmscruAccount(username="a&b=c", password="п@ss+w rd%26&fmt=0")
    await smscru(wire.transport, account).submit(a_message())
    assert form_of(wire.request)["login"] == "a&b=c"
    assert form_of(wire.request)["psw"] == "п@ss+w rd%26&fmt=0"
    assert form_of(wire.request)["fmt"] == "3"


def test_an_account_does_not_show_its_password() -> None:
    assert SECRET not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("account", "message", "sent"),
    [
        (None, None, None),
        ("Shop & Co", None, "Shop & Co"),
        (None, "ACME", "ACME"),
        ("Shop", "ACME", "ACME"),
    ],
)
@pytest.mark.parametrize("call", [False, True])
async def test_the_messages_sender_goes_before_the_accounts(
    *, account: str | None, message: str | None, sent: str | None, call: bool
) -> None:
    wire = Wire(httpx.Response(200, text=TAKEN))
    provider = smscru(wire.transport, replace(ACCOUNT, sender=account))
    outgoing = replace(a_message(), sender=SenderId(message) if message else None)
    await (provider.place(outgoing) if call else provider.submit(outgoing))
    assert form_of(wire.request).get("sender") == sent


@given(message_id=st.uuids())
def test_a_reference_is_one_the_provider_takes_and_no_number(message_id: UUID) -> None:
    ours = reference(replace(a_message(), id=message_id))
    assert re.fullmatch(r"[a-z][0-9a-f]{32}", ours)


@pytest.mark.parametrize("group", ["G12", "+G12", "7701;7702", "77011234567,77017654321"])
def test_a_group_or_a_list_cannot_be_a_recipient(group: str) -> None:
    with pytest.raises(InvalidPhoneError):
        Phone.parse(group)


# Texts that would be obeyed

COMMAND = re.compile(r"__[A-Z]\w{0,30}__|~~~|\{\s*menu\s*:", re.IGNORECASE | re.ASCII)
FRAGMENTS = ["_", "__", "~", "~~", "{", "}", "menu", "MENU", ":", " ", "\n", "CALL", "Hlr", "code"]
MIXED = st.lists(st.sampled_from([*FRAGMENTS, "a", "7", "ы", "(", "."]), max_size=14).map("".join)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("__CALL__Привет", "_ _CALL__Привет"),
        ("Привет __VIBER__", "Привет _ _VIBER__"),
        ("__SOC__ __PING__", "_ _SOC__ _ _PING__"),
        ("\n__HLR__", "\n_ _HLR__"),
        ("__NEW1__", "_ _NEW1__"),
        ("__NEW_ONE__", "_ _NEW_ONE__"),
        ("__call__", "_ _call__"),
        ("__A__B__", "_ _A_ _B__"),
        ("____CALL____", "___ _CALL____"),
        ("a\n~~~\nb", "a\n~~ ~\nb"),
        ("~~~~", "~~ ~~"),
        ("~~~~~", "~~ ~~ ~"),
        ("{menu: 1}", "(menu: 1}"),
        ("{ Menu :1: да}", "( Menu :1: да}"),
        ("{{MENU:", "{(MENU:"),
    ],
)
async def test_a_command_in_a_text_is_broken(text: str, sent: str) -> None:
    sms, call = Wire(httpx.Response(200, text=TAKEN)), Wire(httpx.Response(200, text=TAKEN))
    await smscru(sms.transport).submit(a_message(text))
    await smscru(call.transport).place(a_message(text, channel=Channel.CALL))
    assert form_of(sms.request)["mes"] == sent
    assert form_of(call.request)["mes"] == sent


@pytest.mark.parametrize(
    "text",
    [
        "____",
        "__",
        "a__b",
        "__A_",
        "__ CALL __",
        "__7__",
        "~~",
        "~ ~ ~",
        "{name}",
        "{menu}",
        "menu:",
    ],
)
def test_what_only_looks_like_a_command_stays(text: str) -> None:
    assert inert_text(text) == text


@pytest.mark.parametrize("text", ["code", "CODE", " Code ", "\ncode\r\n"])
async def test_a_call_that_says_just_code_is_read_aloud(text: str) -> None:
    wire = Wire(httpx.Response(200, text=TAKEN))
    await smscru(wire.transport).place(a_message(text, channel=Channel.CALL))
    assert form_of(wire.request)["mes"] == f"{text}."


@pytest.mark.parametrize("text", ["code", " Code "])
async def test_an_sms_may_say_just_code(text: str) -> None:
    wire = Wire(httpx.Response(200, text=TAKEN))
    await smscru(wire.transport).submit(a_message(text))
    assert form_of(wire.request)["mes"] == text


@given(text=MIXED)
def test_no_command_is_left(text: str) -> None:
    assert not COMMAND.search(inert_text(text))
    assert not COMMAND.search(inert_speech(text))
    assert inert_speech(text).strip().lower() != "code"


@given(text=MIXED)
def test_a_text_without_a_command_stays_as_it_is(text: str) -> None:
    if COMMAND.search(text):
        reject()
    assert inert_text(text) == text
    if text.strip().lower() != "code":
        assert inert_speech(text) == text


@given(text=MIXED)
def test_breaking_twice_is_breaking_once(text: str) -> None:
    assert inert_text(inert_text(text)) == inert_text(text)
    assert inert_speech(inert_speech(text)) == inert_speech(text)


@given(text=MIXED)
def test_only_spaces_and_brackets_change_and_gsm7_stays_gsm7(text: str) -> None:
    def kept(text: str) -> str:
        return text.replace(" ", "").replace("(", "{")

    assert kept(inert_text(text)) == kept(text)
    assert encoding_of(inert_text(text)) is encoding_of(text)
    if encoding_of(text) is Encoding.GSM7:
        assert encoding_of(inert_speech(text)) is Encoding.GSM7


def test_a_text_of_1000_characters_is_taken_and_no_longer_one() -> None:
    provider = smscru(Wire(httpx.Response(200)).transport)
    provider.check_text("ы" * 1000)
    provider.check_speech("ы" * 1000)
    for check in (provider.check_text, provider.check_speech):
        with pytest.raises(MessageTooLongError, match="1000"):
            check("ы" * 1001)
        with pytest.raises(MessageTooLongError, match="1000"):
            check("😀" * 501)


def test_the_characters_that_break_a_command_count() -> None:
    provider = smscru(Wire(httpx.Response(200)).transport)
    exact = "__CALL__".ljust(999, "a")
    provider.check_text(exact)
    with pytest.raises(MessageTooLongError):
        provider.check_text(exact + "a")
    with pytest.raises(MessageTooLongError):
        provider.check_speech("code".ljust(1000))


# What comes back to a submission


@pytest.mark.parametrize(
    ("body", "provider_id"),
    [
        ('{"id": 33, "cnt": 1}', "33"),
        ('{"id": "33", "cnt": "1"}', "33"),
        ('{"id": "ord-7f3a9c", "cnt": 2}', "ord-7f3a9c"),
        ('{\n"id": 1,\n"cnt": 7,\n"cost": "3.8",\n"balance": "282.75"\n}', "1"),
        ('{"id": 51, "cnt": 5, "new": {"key": [1]}}', "51"),
    ],
)
async def test_an_id_and_a_count_without_an_error_are_an_acceptance(
    body: str, provider_id: str
) -> None:
    headers = {"content-type": "application/json; charset=windows-1251"}
    assert await outcome_of(body, headers=headers) == Accepted(provider_id)


REQUEST, CONTENT, RECIPIENT = RejectReason.REQUEST, RejectReason.CONTENT, RejectReason.RECIPIENT
REJECTED = {"1": REQUEST, "5": REQUEST, "6": CONTENT, "7": RECIPIENT, "8": RECIPIENT}
UNAVAILABLE = {
    "2": (UnavailableKind.CREDENTIALS, None),
    "3": (UnavailableKind.NO_MONEY, None),
    "4": (UnavailableKind.THROTTLED, 300),
    "9": (UnavailableKind.THROTTLED, 60),
}
FORMS = ['{"error_code": %s}', '{"error_code": "%s"}', '{"id": 34, "cnt": 1, "error_code": %s}']


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("code", "reason"), REJECTED.items())
async def test_a_refusal_is_told_by_its_number_and_not_by_an_id(
    form: str, code: str, reason: RejectReason
) -> None:
    outcome = await outcome_of(form % code)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.provider_code) == (reason, code)
    assert outcome.text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("code", "expected"), UNAVAILABLE.items())
async def test_an_account_matter_is_told_by_its_number_and_not_by_an_id(
    form: str, code: str, expected: tuple[UnavailableKind, float | None]
) -> None:
    outcome = await outcome_of(form % code)
    assert isinstance(outcome, Unavailable)
    assert (outcome.kind, outcome.retry_after_s) == expected
    assert outcome.provider_code == code
    assert outcome.text


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("duplicate request, wait a minute", 60),
        ("too many concurrent requests", 5),
        ("Too Many Concurrent Requests", 5),
        ("something new", 60),
        ("", 60),
    ],
)
async def test_error_9_waits_for_what_its_text_hints_at(said: str, seconds: float) -> None:
    outcome = await outcome_of(f'{{"error": "{said}", "error_code": 9}}')
    assert isinstance(outcome, Unavailable)
    assert outcome.kind is UnavailableKind.THROTTLED
    assert outcome.retry_after_s == seconds
    assert outcome.text


@pytest.mark.parametrize("code", ["10", "11", "99", "100500"])
@pytest.mark.parametrize("form", FORMS)
async def test_an_error_nobody_knows_was_answered_and_so_not_taken(form: str, code: str) -> None:
    outcome = await outcome_of(form % code)
    assert isinstance(outcome, Unavailable)
    assert (outcome.kind, outcome.provider_code) == (UnavailableKind.TEMPORARY, code)
    assert outcome.text == f"error {code}"


async def test_the_providers_sentence_is_kept_readable_and_short() -> None:
    outcome = await outcome_of('{"error": "message\\u0000 is\\n denied", "error_code": 6}')
    assert isinstance(outcome, Rejected)
    assert outcome.text == "message  is  denied"
    outcome = await outcome_of(f'{{"error": "{"x" * 5000}", "error_code": 77}}')
    assert isinstance(outcome, Unavailable)
    assert outcome.text == "x" * 200


@pytest.mark.parametrize(
    "body",
    [
        '{"id": 33}',
        '{"cnt": 1}',
        '{"id": 33, "cnt": 0}',
        '{"id": 33, "cnt": null}',
        '{"id": 33, "cnt": "many"}',
        '{"id": 0, "cnt": 1}',
        '{"id": "", "cnt": 1}',
        '{"id": null, "cnt": 1}',
        '{"id": "a b", "cnt": 1}',
        '{"id": "%s", "cnt": 1}' % ("a" * 41),
        '{"id": 33, "cnt": 1, "error": "what"}',
        '{"id": 33, "cnt": 1, "error_code": 0}',
        '{"id": 33, "cnt": 1, "error_code": "what"}',
        '{"id": 33, "cnt": 1, "error_code": %s}' % ("9" * 1000),
        '{"id": 33, "cnt": 1, "error_code": -7}',
        '{"cost": "0.30", "cnt": 1}',
        '[{"id": 33, "cnt": 1}]',
        "OK - 1 SMS, ID - 1234",
        "1234,1",
        '{"id": 33, "cnt": 1',
    ],
)
async def test_half_a_verdict_is_none(body: str) -> None:
    assert isinstance(await outcome_of(body), Unconfirmed)


async def test_bytes_that_are_no_utf8_are_no_verdict() -> None:
    answer = httpx.Response(200, content=b'{"id": "\xff", "cnt": 1, "error": "\xcd\xe5\xf2"}')
    assert isinstance(await smscru(Wire(answer).transport).submit(a_message()), Unconfirmed)


@pytest.mark.parametrize("status", [201, 302, 401, 403, 404, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [TAKEN, '{"error_code": 1015}', "{}", ""])
async def test_only_http_200_is_the_applications_answer(status: int, body: str) -> None:
    assert isinstance(await outcome_of(body, status), Unconfirmed)


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
async def test_a_known_error_is_a_verdict_under_any_http_status(status: int) -> None:
    outcome = await outcome_of('{"error": "authorise error", "error_code": 2}', status)
    assert isinstance(outcome, Unavailable)
    assert outcome.kind is UnavailableKind.CREDENTIALS


@pytest.mark.parametrize(
    ("status", "wait", "seconds"),
    [(429, "30", 30), (429, "soon", None), (429, None, None)],
)
async def test_a_server_that_asks_us_to_wait_took_nothing(
    status: int, wait: str | None, seconds: float | None
) -> None:
    headers = {"retry-after": wait} if wait else {}
    outcome = await outcome_of("<html>slow down</html>", status, headers)
    assert isinstance(outcome, Unavailable)
    assert (outcome.kind, outcome.retry_after_s) == (UnavailableKind.THROTTLED, seconds)


@pytest.mark.parametrize("wait", [None, "soon", "nan", "-1", "120"])
async def test_a_503_leaves_the_outcome_open_even_when_it_says_when(wait: str | None) -> None:
    headers = {"retry-after": wait} if wait else {}
    assert isinstance(await outcome_of("<html></html>", 503, headers), Unconfirmed)


# What comes back to a question

SUBMITTED, DELIVERED = MessageStatus.SUBMITTED, MessageStatus.DELIVERED
UNDELIVERABLE, EXPIRED = MessageStatus.UNDELIVERABLE, MessageStatus.EXPIRED
STATES = {
    "-2": SUBMITTED,
    "-1": SUBMITTED,
    "0": SUBMITTED,
    "1": DELIVERED,
    "2": DELIVERED,
    "3": EXPIRED,
    "4": DELIVERED,
    "6": SUBMITTED,
    "20": UNDELIVERABLE,
    "22": UNDELIVERABLE,
    "23": UNDELIVERABLE,
    "24": UNDELIVERABLE,
    "25": UNDELIVERABLE,
    "5": SUBMITTED,
    "77": SUBMITTED,
}
BY_STATUS = {"6", "200", "7", "256"}
CAUSES = [1, 2, 3, 4, 11, 12, 13, 21, 219, 220, *range(237, 245), *range(246, 256)]


@pytest.mark.parametrize(("code", "state"), STATES.items())
@pytest.mark.parametrize(
    "form",
    [
        '{"status": %s}',
        '{"status": "%s", "err": "0"}',
        '{"status": %s, "err": 0, "flag": 0, "last_date": "18.10.2026 15:34:10"}',
        '[{"status": %s, "id": "x", "phone": "77011234567"}]',
    ],
)
async def test_every_status_has_a_state(code: str, state: MessageStatus, form: str) -> None:
    found = await state_of(form % code)
    assert isinstance(found, Found)
    assert (found.status, found.provider_code, found.provider_id) == (state, code, OURS)
    assert found.text


@pytest.mark.parametrize("status", [3, 20, 22])
@pytest.mark.parametrize("err", CAUSES)
async def test_every_cause_makes_a_failure_undeliverable(status: int, err: int) -> None:
    found = await state_of(f'{{"status": {status}, "err": {err}, "flag": 7}}')
    assert isinstance(found, Found)
    assert found.status is UNDELIVERABLE
    assert found.provider_code == f"{status}/{err}"
    assert ": " in found.text


@pytest.mark.parametrize("err", sorted(BY_STATUS))
@pytest.mark.parametrize(("status", "state"), STATES.items())
async def test_other_errors_leave_the_state_to_the_status(
    status: str, state: MessageStatus, err: str
) -> None:
    found = await state_of(f'{{"status": {status}, "err": "{err}"}}')
    assert isinstance(found, Found)
    assert (found.status, found.provider_code) == (state, f"{status}/{err}")


@pytest.mark.parametrize("status", ["-1", "0", "1", "2", "77"])
@pytest.mark.parametrize("err", [*CAUSES, 245])
async def test_an_error_beside_a_status_that_is_no_failure_changes_nothing(
    status: str, err: int
) -> None:
    found = await state_of(f'{{"status": {status}, "err": {err}}}')
    assert isinstance(found, Found)
    assert found.status is STATES[status]


@pytest.mark.parametrize("status", [3, 20])
async def test_an_operator_that_stayed_silent_proves_no_failure(status: int) -> None:
    found = await state_of(f'{{"status": {status}, "err": 245}}')
    assert isinstance(found, Found)
    assert (found.status, found.provider_code) == (SUBMITTED, f"{status}/245")


async def test_the_words_of_a_state_are_the_tables() -> None:
    found = await state_of('{"status": 20, "err": 240}')
    assert isinstance(found, Found)
    assert found.text == "could not be delivered: the line was busy or the call declined"
    found = await state_of('{"status": 1, "err": 200}')
    assert isinstance(found, Found)
    assert found.text == "delivered: the account is in test mode, nothing was sent"
    found = await state_of('{"status": 77, "err": 78}')
    assert isinstance(found, Found)
    assert found.text == "status 77: error 78"


@pytest.mark.parametrize(
    "body", ['{"status": -3}', '{"status": "-3", "err": 0}', '[{"status": -3}]']
)
async def test_minus_3_is_not_found(body: str) -> None:
    assert await state_of(body) == NotFound()


@pytest.mark.parametrize(
    ("code", "seconds"),
    [("1", None), ("2", None), ("4", 300), ("5", None), ("9", 60), ("77", None)],
)
async def test_an_error_says_nothing_of_the_message(code: str, seconds: float | None) -> None:
    for body in (
        f'{{"error": "e", "error_code": {code}}}',
        f'{{"status": 1, "error_code": {code}}}',
    ):
        answer = await state_of(body)
        assert isinstance(answer, NoAnswer)
        assert answer.retry_after_s == seconds
        assert answer.text.startswith(f"error {code}")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('[{"status": 1}, {"status": 1}]', 200),
        ('{"status": "delivered"}', 200),
        ('{"status": null}', 200),
        ('{"status": 1.5}', 200),
        ('{"status": 1}', 500),
        ('{"status": -3}', 404),
    ],
)
async def test_anything_else_is_no_answer(body: str, status: int) -> None:
    assert isinstance(await state_of(body, status), NoAnswer)


async def test_a_question_put_off_by_a_server_waits_as_long_as_it_asks() -> None:
    wire = Wire(httpx.Response(503, headers={"retry-after": "45"}))
    answer = await smscru(wire.transport).find(Attempt(message=CALL, started_at=NOW))
    assert isinstance(answer, NoAnswer)
    assert answer.retry_after_s == 45


@pytest.mark.parametrize(
    ("body", "amount", "currency"),
    [
        ('{"balance": "0.00"}', "0.00", None),
        ('{"balance": "-12.5", "credit": "100"}', "-12.5", None),
        ('{"balance": 282.7512, "currency": "RUB"}', "282.7512", "RUB"),
        ('{"balance": "7", "currency": ""}', "7", None),
    ],
)
async def test_money_is_read_exactly(body: str, amount: str, currency: str | None) -> None:
    balance = await balance_of(body)
    assert balance == Balance(Decimal(amount), currency)
    assert isinstance(balance, Balance)
    assert str(balance.amount) == amount


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"balance": "1e999999"}', 200),
        ('{"balance": "1e-999999"}', 200),
        ('{"balance": "sNaN"}', 200),
        ('{"balance": "-Infinity"}', 200),
        ('{"balance": "1"}', 500),
        ('{"balance": "1", "error_code": 1}', 200),
    ],
)
async def test_an_amount_nobody_has_is_no_balance(body: str, status: int) -> None:
    assert isinstance(await balance_of(body, status), NoAnswer)


@pytest.mark.parametrize(("code", "seconds"), [("1", None), ("2", None), ("4", 300), ("9", 60)])
async def test_an_error_is_no_balance(code: str, seconds: float | None) -> None:
    answer = await balance_of(f'{{"error": "e", "error_code": "{code}"}}')
    assert isinstance(answer, NoAnswer)
    assert answer.retry_after_s == seconds
