from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from adapters.providers.mobizonkz import Mobizonkz, MobizonkzAccount
from application.ports.providers import BalanceSource, ProviderLookup, SmsProvider
from domain.errors import MessageTooLongError
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

BASE_URL = "https://api.mobizon.example"
ACCOUNT = MobizonkzAccount(api_key=SECRET)
REFERENCE = MESSAGE_ID.hex
SENT = {"campaignId": "245455096", "messageId": "169275418", "status": 2}
ITEM = {
    "id": "169275418",
    "campaignId": "245455096",
    "segNum": "1",
    "to": "77011234567",
    "text": "Код 4821",
    "status": "DELIVRD",
    "startSendTs": "2026-11-23 11:34:44",
}
NAMED = {"name": REFERENCE, "createTs": "2026-11-23 11:34:43"}
NAMELESS = {"name": None, "createTs": "2026-11-23 11:34:43"}


def mobizon(
    transport: httpx.AsyncBaseTransport,
    account: MobizonkzAccount = ACCOUNT,
    base_url: str = BASE_URL,
) -> Mobizonkz:
    return Mobizonkz(transport, account, base_url=base_url, timeout_s=30.0)


def reply(
    code: object, data: object = None, message: str = "", http_status: int = 200
) -> httpx.Response:
    return httpx.Response(http_status, json={"code": code, "data": data, "message": message})


def page(*items: dict[str, Any]) -> httpx.Response:
    return reply(0, {"items": items, "totalItemCount": str(len(items))})


def form_in(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode(), keep_blank_values=True, strict_parsing=True))


def asked(attempt_message: Message, taken_ids: frozenset[str] = frozenset()) -> Attempt:
    return Attempt(message=attempt_message, started_at=NOW, taken_ids=taken_ids)


async def outcome_of(answer: httpx.Response) -> SubmitOutcome:
    return await mobizon(Wire(answer).transport).submit(a_message())


async def search_in(answer: httpx.Response, *taken_ids: str) -> Lookup:
    attempt = asked(a_message(), frozenset(taken_ids))
    return await mobizon(Wire(answer).transport).find(attempt)


async def state_in(answer: httpx.Response) -> Lookup:
    attempt = asked(a_message(provider_id="169275418"))
    return await mobizon(Wire(answer).transport).find(attempt)


async def balance_of(answer: httpx.Response) -> Balance | NoAnswer:
    return await mobizon(Wire(answer).transport).balance()


async def sent(
    message: Message, account: MobizonkzAccount = ACCOUNT, base_url: str = BASE_URL
) -> httpx.Request:
    wire = Wire(reply(0, SENT))
    await mobizon(wire.transport, account, base_url).submit(message)
    return wire.request


class TestSubmission(SubmissionContract):
    def provider(self, transport: httpx.AsyncBaseTransport) -> SmsProvider:
        return mobizon(transport)

    async def hand_over(self, provider: object, message: Message) -> SubmitOutcome:
        assert isinstance(provider, Mobizonkz)
        return await provider.submit(message)

    def accepting(self) -> httpx.Response:
        return reply(0, SENT)

    def refusing(self) -> httpx.Response:
        return reply(1, {"recipient": "Неверный номер"}, "Ошибка")

    def locking_out(self) -> httpx.Response:
        return reply(8, [], "Неверный ключ")

    def text_sent(self, request: httpx.Request) -> str:
        return form_in(request)["text"]

    def recipient_sent(self, request: httpx.Request) -> str:
        return form_in(request)["recipient"]

    def reference_sent(self, request: httpx.Request) -> str | None:
        return form_in(request)["params[name]"]


class TestSearch(LookupContract):
    def lookup(self, transport: httpx.AsyncBaseTransport) -> ProviderLookup:
        return mobizon(transport)

    def knowing(self) -> httpx.Response:
        return page(ITEM | {"campaign": NAMED})

    def not_knowing(self) -> httpx.Response:
        return page()


class TestState(LookupContract):
    def lookup(self, transport: httpx.AsyncBaseTransport) -> ProviderLookup:
        return mobizon(transport)

    def message(self) -> Message:
        return a_message(provider_id="169275418")

    def knowing(self) -> httpx.Response:
        return reply(0, [{"id": "169275418", "status": "DELIVRD", "segNum": "1"}])

    def not_knowing(self) -> httpx.Response:
        return reply(0, [])


class TestBalance(BalanceContract):
    def source(self, transport: httpx.AsyncBaseTransport) -> BalanceSource:
        return mobizon(transport)

    def telling(self, amount: str) -> httpx.Response:
        return reply(0, {"balance": amount, "currency": "KZT"})


async def test_a_message_is_a_form_with_the_key_in_its_body() -> None:
    request = await sent(a_message("Код & 4821+"))
    assert request.method == "POST"
    assert str(request.url) == "https://api.mobizon.example/service/message/sendSmsMessage"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept-encoding"] == "identity"
    assert request.content.decode() == (
        f"apiKey={SECRET}&output=json&api=v1&recipient=77011234567"
        f"&text=%D0%9A%D0%BE%D0%B4+%26+4821%2B&params%5Bname%5D={REFERENCE}"
    )


@pytest.mark.parametrize("base_url", ["https://h.example:8443", "https://h.example:8443/"])
async def test_the_path_is_put_behind_the_host(base_url: str) -> None:
    request = await sent(a_message(), base_url=base_url)
    assert str(request.url) == "https://h.example:8443/service/message/sendSmsMessage"


async def test_a_sender_is_named_only_where_one_is_set() -> None:
    chosen = replace(a_message(), sender=SenderId("Tea & Co"))
    account = MobizonkzAccount(api_key="k&y", sender="Shop")
    assert "from" not in form_in(await sent(a_message()))
    assert form_in(await sent(chosen))["from"] == "Tea & Co"
    assert form_in(await sent(a_message(), account))["from"] == "Shop"
    assert form_in(await sent(chosen, account))["from"] == "Tea & Co"
    assert form_in(await sent(chosen, account))["apiKey"] == "k&y"


async def test_the_accounts_key_is_not_in_its_repr() -> None:
    assert SECRET not in repr(ACCOUNT)


@pytest.mark.parametrize(("character", "most"), [("x", 1530), ("ы", 670)])
def test_ten_segments_are_taken_and_no_more(character: str, most: int) -> None:
    provider = mobizon(Wire(httpx.Response(200)).transport)
    provider.check_text(character * most)
    with pytest.raises(MessageTooLongError, match="10"):
        provider.check_text(character * (most + 1))


@pytest.mark.parametrize("code", [0, "0"], ids=repr)
@pytest.mark.parametrize("message_id", ["169275418", 169275418], ids=repr)
@pytest.mark.parametrize("status", [1, 2, "2"], ids=repr)
async def test_a_message_taken_has_an_id_as_text(
    code: object, message_id: object, status: object
) -> None:
    data = {"campaignId": 1, "messageId": message_id, "status": status}
    assert await outcome_of(reply(code, data)) == Accepted("169275418")


@pytest.mark.parametrize(
    "data",
    [
        {"campaignId": "245455096", "status": 2},
        {"messageId": ""},
        {"messageId": None},
        {"messageId": 0},
        {"messageId": "1" * 65},
        {"messageId": "169 275"},
        {"messageId": "169275418\n"},
        {"messageId": ["169275418"]},
        [],
        "169275418",
        None,
        True,
    ],
    ids=repr,
)
async def test_a_success_without_an_id_leaves_the_outcome_open(data: object) -> None:
    outcome = await outcome_of(reply(0, data))
    assert isinstance(outcome, Unconfirmed)
    assert outcome.provider_code == "0"


@pytest.mark.parametrize("http_status", [302, 400, 404, 500, 502, 503])
async def test_a_success_counts_with_http_2xx_only(http_status: int) -> None:
    outcome = await outcome_of(reply(0, SENT, http_status=http_status))
    assert isinstance(outcome, Unconfirmed)


@pytest.mark.parametrize("http_status", [200, 400, 500])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1, RejectReason.REQUEST),
        (2, RejectReason.REQUEST),
        (4, RejectReason.REQUEST),
        (5, RejectReason.REQUEST),
        (6, RejectReason.REQUEST),
        (11, RejectReason.REQUEST),
        (12, RejectReason.REQUEST),
        (99, RejectReason.OTHER),
    ],
)
async def test_a_refusal_counts_with_any_http_status(
    code: int, reason: RejectReason, http_status: int
) -> None:
    outcome = await outcome_of(reply(code, [], "Нельзя", http_status))
    assert outcome == Rejected(reason=reason, provider_code=str(code), text="Нельзя")


@pytest.mark.parametrize("http_status", [200, 401, 500])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (8, UnavailableKind.CREDENTIALS),
        (9, UnavailableKind.CREDENTIALS),
        (13, UnavailableKind.CONFIGURATION),
        (14, UnavailableKind.CREDENTIALS),
        (30, UnavailableKind.THROTTLED),
    ],
)
async def test_the_accounts_trouble_is_not_the_messages(
    code: int, kind: UnavailableKind, http_status: int
) -> None:
    outcome = await outcome_of(reply(str(code), http_status=http_status))
    assert isinstance(outcome, Unavailable)
    assert (outcome.kind, outcome.provider_code) == (kind, str(code))
    assert outcome.text


@pytest.mark.parametrize("code", [3, 10, 15, 98, 100, 999, 7, 16, 31, 97, -1, 12345])
async def test_every_other_code_leaves_the_outcome_open(code: int) -> None:
    outcome = await outcome_of(reply(code, 77, "Подождите"))
    assert outcome == Unconfirmed("Подождите", provider_code=str(code))


@pytest.mark.parametrize("code", [1, 99])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"recipient": "Неверный номер"}, RejectReason.RECIPIENT),
        ({"recipient": ["Неверный номер"]}, RejectReason.RECIPIENT),
        ({"recipient": {"0": ["Неверный номер"]}}, RejectReason.RECIPIENT),
        ([{"recipient": "7701", "code": 3}], RejectReason.RECIPIENT),
        ({"text": "", "recipient": ""}, RejectReason.RECIPIENT),
        ({"from": "Имя незнакомо"}, RejectReason.SENDER),
        ({"text": ["Пусто"]}, RejectReason.CONTENT),
    ],
    ids=repr,
)
async def test_a_failed_validation_names_what_is_wrong(
    code: int, data: object, reason: RejectReason
) -> None:
    outcome = await outcome_of(reply(code, data))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is reason


@pytest.mark.parametrize(
    "data",
    [{"params": {"name": "Длинно"}}, {}, [], [["recipient"]], None, "recipient", 7, True],
    ids=repr,
)
async def test_a_failed_validation_of_nothing_we_know_is_the_requests(data: object) -> None:
    outcome = await outcome_of(reply(1, data))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.REQUEST


@pytest.mark.parametrize("data", ["api.mobizon.ua", {"domain": "api.mobizon.ua"}])
async def test_the_right_host_is_shown_and_not_asked(data: object) -> None:
    wire = Wire(reply(13, data))
    outcome = await mobizon(wire.transport).submit(a_message())
    assert isinstance(outcome, Unavailable)
    assert "api.mobizon.ua" in outcome.text
    assert wire.request.url.host == "api.mobizon.example"


async def test_a_long_answer_in_place_of_a_host_is_cut() -> None:
    outcome = await outcome_of(reply(13, "ю" * 10_000))
    assert isinstance(outcome, Unavailable)
    assert len(outcome.text) < 200


async def test_the_providers_sentence_is_kept_short_and_printable() -> None:
    outcome = await outcome_of(reply(2, message="none\nsuch\x00" + "!" * 10_000))
    assert isinstance(outcome, Rejected)
    assert outcome.text.startswith("none such !")
    assert len(outcome.text) == 200


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"messageId":"1"}}',
        '{"code":null,"data":{"messageId":"1"}}',
        '{"code":true,"data":{"messageId":"1"}}',
        '{"code":"none"}',
        '{"code":8,"message":["?"]}',
        '{"code":1' + "0" * 5000 + "}",
        '{"code":' + "9" * 65 + "}",
        '[{"code":8}]',
        '{"code":8',
    ],
    ids=lambda body: body[:40],
)
async def test_an_answer_of_another_form_leaves_the_outcome_open(body: str) -> None:
    outcome = await outcome_of(httpx.Response(200, text=body))
    assert isinstance(outcome, Unconfirmed)
    assert outcome.provider_code is None


@pytest.mark.parametrize("depth", [900, 100_000])
async def test_data_of_any_depth_is_an_outcome_too(depth: int) -> None:
    body = '{"code":1,"data":' + "[" * depth + "]" * depth + "}"
    outcome = await outcome_of(httpx.Response(200, text=body))
    assert isinstance(outcome, Rejected | Unconfirmed)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(429),
        reply(0, SENT, http_status=429),
        reply(999, http_status=429),
    ],
    ids=lambda r: f"{r.status_code}-{r.text[:11]}",
)
async def test_being_told_to_wait_proves_that_nothing_was_taken(answer: httpx.Response) -> None:
    answer.headers["retry-after"] = "7"
    outcome = await outcome_of(answer)
    assert isinstance(outcome, Unavailable)
    assert outcome.kind is UnavailableKind.THROTTLED
    assert outcome.retry_after_s == 7.0


async def test_too_many_calls_say_how_long_to_wait() -> None:
    answer = reply(30)
    answer.headers["retry-after"] = "5"
    outcome = await outcome_of(answer)
    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after_s == 5.0


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "7"}])
async def test_a_503_leaves_the_outcome_open_even_with_a_time(headers: dict[str, str]) -> None:
    assert isinstance(await outcome_of(httpx.Response(503, headers=headers)), Unconfirmed)


async def test_a_known_id_is_asked_about() -> None:
    wire = Wire(reply(0, []))
    await mobizon(wire.transport).find(asked(a_message(provider_id="169275418")))
    assert str(wire.request.url) == "https://api.mobizon.example/service/message/getSMSStatus"
    assert form_in(wire.request) == {
        "apiKey": SECRET,
        "output": "json",
        "api": "v1",
        "ids[0]": "169275418",
    }


async def test_without_an_id_the_newest_messages_to_the_number_are_asked_for() -> None:
    wire = Wire(page())
    zone = timezone(timedelta(hours=5))
    attempt = Attempt(message=a_message(), started_at=NOW.astimezone(zone))
    await mobizon(wire.transport).find(attempt)
    assert str(wire.request.url) == "https://api.mobizon.example/service/message/list"
    assert form_in(wire.request) == {
        "apiKey": SECRET,
        "output": "json",
        "api": "v1",
        "criteria[to]": "77011234567",
        "criteria[campaignCreateTsFrom]": "2026-11-22 06:34:43",
        "pagination[pageSize]": "100",
        "pagination[currentPage]": "0",
        "sort[campaignId]": "DESC",
    }


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", MessageStatus.SUBMITTED),
        ("ENQUEUD", MessageStatus.SUBMITTED),
        ("SCHEDUL", MessageStatus.SUBMITTED),
        ("ACCEPTD", MessageStatus.SUBMITTED),
        ("PDLIVRD", MessageStatus.SUBMITTED),
        ("DELIVRD", MessageStatus.DELIVERED),
        ("UNDELIV", MessageStatus.UNDELIVERABLE),
        ("REJECTD", MessageStatus.UNDELIVERABLE),
        ("EXPIRED", MessageStatus.EXPIRED),
        ("EXPIRD", MessageStatus.EXPIRED),
        ("DELETED", MessageStatus.UNDELIVERABLE),
        ("UNKNOWN", MessageStatus.SUBMITTED),
    ],
)
async def test_every_state_has_its_meaning_and_keeps_its_word(
    word: str, status: MessageStatus
) -> None:
    found = Found(status=status, provider_id="169275418", provider_code=word)
    assert await state_in(reply(0, [{"id": 169275418, "status": word}])) == found
    assert await search_in(page(ITEM | {"status": word, "campaign": NAMED})) == found


@pytest.mark.parametrize("status", [None, ""])
async def test_a_message_without_a_state_was_taken(status: str | None) -> None:
    found = await state_in(reply(0, [{"id": "169275418", "status": status}]))
    assert found == Found(status=MessageStatus.SUBMITTED, provider_id="169275418")


async def test_a_word_for_a_state_is_kept_short_and_printable() -> None:
    found = await state_in(reply(0, [{"id": "169275418", "status": "\x00" + "X" * 1000}]))
    assert isinstance(found, Found)
    assert found.status is MessageStatus.SUBMITTED
    assert found.provider_code is not None
    assert found.provider_code == "X" * len(found.provider_code)
    assert len(found.provider_code) <= 64


async def test_another_messages_state_is_not_ours() -> None:
    assert await state_in(reply(0, [{"id": "1", "status": "DELIVRD"}])) == NotFound()


async def test_a_message_is_known_by_the_name_of_its_campaign() -> None:
    other = ITEM | {"id": "2", "campaign": {"name": "f" * 32}}
    alike = ITEM | {"id": "3", "campaign": NAMELESS}
    ours = ITEM | {"id": "4", "text": "re-encoded", "campaign": NAMED}
    found = await search_in(page(other, alike, ours))
    assert isinstance(found, Found)
    assert found.provider_id == "4"


@pytest.mark.parametrize(
    "item",
    [
        ITEM | {"campaign": NAMELESS},
        ITEM | {"campaign": {"name": ""}},
        ITEM | {"campaign": None},
        ITEM,
        ITEM | {"to": "+77011234567"},
        ITEM | {"to": 77011234567},
        ITEM | {"startSendTs": None},
        ITEM | {"startSendTs": "2026-11-23 11-34-44"},
    ],
    ids=repr,
)
async def test_without_a_name_number_text_and_time_must_agree(item: dict[str, Any]) -> None:
    found = await search_in(page(item))
    assert isinstance(found, Found)
    assert found.provider_id == "169275418"


@pytest.mark.parametrize(
    "item",
    [
        ITEM | {"campaign": {"name": "another's", "createTs": "2026-11-23 11:34:43"}},
        ITEM | {"text": "Код 4822"},
        ITEM | {"to": "770112345678"},
        ITEM | {"to": None},
        ITEM | {"campaign": {"name": None, "createTs": "2026-11-22 06:34:42"}},
        ITEM | {"startSendTs": "2026-11-22 06:34:42"},
    ],
    ids=repr,
)
async def test_what_does_not_agree_is_not_ours(item: dict[str, Any]) -> None:
    assert await search_in(page(item)) == NotFound()


async def test_an_id_that_belongs_to_another_message_is_not_handed_out_again() -> None:
    taken, free = ITEM | {"id": 1}, ITEM | {"id": 2}
    found = await search_in(page(taken, free), "1")
    assert isinstance(found, Found)
    assert found.provider_id == "2"
    assert await search_in(page(taken, free), "1", "2") == NotFound()


async def test_a_full_page_without_ours_proves_nothing() -> None:
    other = ITEM | {"campaign": {"name": "another's"}}
    assert isinstance(await search_in(page(*[other] * 100)), NoAnswer)
    assert await search_in(page(*[other] * 99)) == NotFound()


@pytest.mark.parametrize("code", [1, 2, 3, 8, 13, 14, 15, 30, 98, 100, 999])
async def test_a_refused_question_says_nothing(code: int) -> None:
    answer = reply(code, {"items": []}, "Нельзя")
    answer.headers["retry-after"] = "5"
    for said in (await search_in(answer), await state_in(answer), await balance_of(answer)):
        assert isinstance(said, NoAnswer)
        assert said.text
        assert said.retry_after_s == 5.0


@pytest.mark.parametrize("http_status", [302, 404, 500])
async def test_an_answer_with_another_http_status_says_nothing(http_status: int) -> None:
    state = reply(0, [{"id": "169275418", "status": "DELIVRD"}], http_status=http_status)
    money = reply(0, {"balance": "1.0000", "currency": "KZT"}, http_status=http_status)
    assert isinstance(await state_in(state), NoAnswer)
    assert isinstance(await balance_of(money), NoAnswer)


async def test_the_balance_is_asked_for_with_the_key_alone() -> None:
    wire = Wire(reply(0, {"balance": "4043.0656", "currency": "KZT"}))
    balance = await mobizon(wire.transport).balance()
    assert balance == Balance(Decimal("4043.0656"), "KZT")
    assert str(wire.request.url) == "https://api.mobizon.example/service/user/getOwnBalance"
    assert wire.request.content.decode() == f"apiKey={SECRET}&output=json&api=v1"


@pytest.mark.parametrize("currency", [{}, {"currency": None}, {"currency": ""}], ids=repr)
async def test_a_balance_may_come_as_a_number_and_without_a_currency(
    currency: dict[str, Any],
) -> None:
    answer = reply(0, {"balance": 4043.0656} | currency)
    assert await balance_of(answer) == Balance(Decimal("4043.0656"))


@pytest.mark.parametrize("amount", ["1e19", "-1e999999", "1e-999"])
async def test_an_amount_nobody_could_write_out_is_no_balance(amount: str) -> None:
    assert isinstance(await balance_of(reply(0, {"balance": amount})), NoAnswer)
