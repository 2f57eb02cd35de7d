"""``POST /sms`` and ``POST /call`` where all goes well, through both doors."""

import asyncio
from datetime import datetime
from uuid import UUID

import msgspec
import pytest

from entrypoints.settings import Secret
from tests.integration.http.service import (
    DOORS,
    HELLO,
    REPRESENTATION,
    Service,
    dummy,
    refusal,
    serving,
)

PHONE, OTHER = "77011234567", "77070001234"


@pytest.fixture(params=[f"{path}{door}" for path in ("/sms", "/call") for door in DOORS])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def phones_sent(service: Service, path: str, **fields: object) -> list[str]:
    answer = await service.send(path, **fields)
    assert answer.status_code == 200, answer.text
    return [row["phone"] for row in answer.json()["content"]["messages"]]


async def test_a_representation_has_one_row_per_recipient(service_on: Service, path: str) -> None:
    answer = await service_on.send(path)
    body = answer.json()
    assert list(body) == ["status", "content"]
    assert body["status"] is True
    assert list(body["content"]) == ["request_id", "messages"]
    UUID(body["content"]["request_id"])
    for row, phone in zip(body["content"]["messages"], HELLO["phones"], strict=True):
        UUID(row.pop("id"))
        assert row == {
            "phone": phone,
            "status": "delivered",
            "provider": "dummy",
            "segments": 1,
            "error": None,
        }
    assert answer.headers["preference-applied"] == "return=representation"
    assert answer.headers["location"] == f"/requests/{body['content']['request_id']}"


@pytest.mark.parametrize(
    "preferences",
    [
        ["return=representation"],
        ["RETURN=REPRESENTATION"],
        ["return = representation"],
        ['return="representation"'],
        ["return=representation; q=1"],
        ["wait=10", "return=representation"],
        ["return=representation", "wait=10"],
        ["return=representation, return=minimal"],
    ],
    ids=repr,
)
async def test_a_preference_is_understood_however_it_is_written(
    lasting: Service, path: str, preferences: list[str]
) -> None:
    headers = [("Prefer", preference) for preference in preferences]
    answer = await lasting.client.post(path, json=HELLO, headers=headers)
    assert "content" in answer.json()


@pytest.mark.parametrize(
    "preferences",
    [
        [],
        [""],
        ["return"],
        ["return=minimal"],
        ["return=minimal, return=representation"],
        ["return=minimal", "return=representation"],
        ["return=representations"],
        ["x-return=representation"],
        ["wait=10; return=representation"],
        ["\xff\xfe"],
    ],
    ids=repr,
)
async def test_nothing_else_is_taken_for_that_preference(
    lasting: Service, path: str, preferences: list[str]
) -> None:
    headers = [(b"Prefer", preference.encode("latin-1")) for preference in preferences]
    answer = await lasting.client.post(path, json=HELLO, headers=headers)
    assert answer.content == b'{"status":true}'
    assert "preference-applied" not in answer.headers
    assert answer.headers["location"].startswith("/requests/")


@pytest.mark.parametrize(
    "phones",
    [
        PHONE,
        int(PHONE),
        [PHONE],
        [int(PHONE)],
        f"+{PHONE}",
        ["+7 (701) 123-45.67"],
        [PHONE, f"+{PHONE}", int(PHONE), "7-701-123-45-67"],
    ],
    ids=repr,
)
async def test_a_phone_is_taken_as_text_or_number_and_sent_once(
    lasting: Service, path: str, phones: object
) -> None:
    assert await phones_sent(lasting, path, phones=phones) == [PHONE]


@pytest.mark.parametrize("number", [b"77011234567.0", b"7.7011234567e10"])
async def test_a_whole_number_may_be_written_as_a_float(
    lasting: Service, path: str, number: bytes
) -> None:
    body = b'{"phones":%s,"message":"Hi"}' % number
    answer = await lasting.client.post(path, content=body, headers=REPRESENTATION)
    assert [row["phone"] for row in answer.json()["content"]["messages"]] == [PHONE]


@pytest.mark.parametrize("force", [True, "true", "TRUE", 1, "1"], ids=repr)
async def test_force_sends_to_blacklisted_phones(
    service: Service, path: str, force: object
) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    answer = await service.send(path, force=force)
    assert [row["status"] for row in answer.json()["content"]["messages"]] == ["delivered"] * 2


@pytest.mark.parametrize("force", [False, "false", 0, "0"], ids=repr)
async def test_blacklisted_phones_are_left_out(service: Service, path: str, force: object) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    answer = await service.send(path, force=force)
    assert answer.json()["status"] is True
    blocked, sent = answer.json()["content"]["messages"]
    assert (blocked["phone"], blocked["status"]) == (PHONE, "blocked")
    assert blocked["error"]["code"] == "blacklisted"
    assert (sent["phone"], sent["status"]) == (OTHER, "delivered")
    bare = await service.client.post(path, json={**HELLO, "force": force})
    assert bare.content == b'{"status":true}'


async def test_a_request_of_blacklisted_phones_alone_is_no_success(
    service_on: Service, path: str
) -> None:
    for phone in HELLO["phones"]:
        await service_on.client.post("/blacklist", json={"phone": phone})
    answer = await service_on.client.post(path, json=HELLO)
    body = answer.json()
    assert answer.status_code == 200
    assert list(body) == ["status", "status_code", "message", "content"]
    assert (body["status"], body["status_code"]) == (False, "blacklisted")
    assert [row["status"] for row in body["content"]["messages"]] == ["blocked"] * 2
    assert answer.headers["location"] == f"/requests/{body['content']['request_id']}"


async def test_a_dry_run_tells_all_and_leaves_no_trace(service: Service, path: str) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    answer = await service.client.post(path, json={**HELLO, "message": "Қ" * 71, "dry_run": True})
    body = answer.json()
    assert body["status"] is True
    assert body["content"]["request_id"] is None
    assert [(row["id"], row["status"], row["segments"]) for row in body["content"]["messages"]] == [
        (None, "blocked", 2),
        (None, "queued", 2),
    ]
    assert "location" not in answer.headers


async def test_a_dry_run_refuses_what_a_real_one_would(lasting: Service, path: str) -> None:
    answer = await lasting.send(path, phones=["abc"], dry_run=True)
    assert refusal(answer, 400, "invalid_phone") == ["phones[0]"]


async def test_fields_nobody_knows_are_ignored(lasting: Service, path: str) -> None:
    assert await phones_sent(lasting, path, phones=[PHONE], colour="red", nested=[{}]) == [PHONE]


@pytest.mark.parametrize(
    "field",
    [
        *("provider", "sender", "reference", "send_at", "delay"),
        *("ttl", "priority", "fallback", "on_unknown"),
    ],
)
async def test_an_optional_field_may_be_null(lasting: Service, path: str, field: str) -> None:
    assert await phones_sent(lasting, path, phones=[PHONE], **{field: None}) == [PHONE]


async def test_the_last_of_a_repeated_key_counts(lasting: Service, path: str) -> None:
    body = b'{"phones":"77070001234","phones":"77011234567","message":"Hi"}'
    answer = await lasting.client.post(path, content=body, headers=REPRESENTATION)
    assert [row["phone"] for row in answer.json()["content"]["messages"]] == [PHONE]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": ""},
        {"Content-Encoding": "identity"},
        {"Content-Encoding": " Identity "},
        {"Content-Encoding": ""},
        {"X-Garbage": b"\xff\x80\xfe".decode("latin-1")},
    ],
    ids=repr,
)
async def test_json_is_read_whatever_the_headers_call_it(
    lasting: Service, path: str, headers: dict[str, str]
) -> None:
    body = b'{"phones":"77011234567","message":"Hi"}'
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await lasting.client.post(path, content=body, headers=raw)
    assert answer.content == b'{"status":true}'


async def test_a_byte_order_mark_is_no_harm(lasting: Service, path: str) -> None:
    body = b'\xef\xbb\xbf{"phones":"77011234567","message":"Hi"}'
    answer = await lasting.client.post(path, content=body)
    assert answer.content == b'{"status":true}'


@pytest.mark.parametrize("text", ["Тест Қазақша 😀", "a\r\n\tb", " ", "\u2028", "a" * 1600])
async def test_any_text_is_carried(service_on: Service, text: str) -> None:
    assert await phones_sent(service_on, "/sms", phones=[PHONE], message=text) == [PHONE]


@pytest.mark.parametrize("code", ["smscru", "twilio", "epochtasmsru", "epochtaru", "mobizonkz"])
async def test_every_documented_provider_can_be_named(lasting: Service, code: str) -> None:
    answer = await lasting.send(provider=code)
    rows = answer.json()["content"]["messages"]
    assert {row["provider"] for row in rows} == {code.replace("epochtaru", "epochtasmsru")}


@pytest.mark.parametrize("door", DOORS)
async def test_a_provider_without_voice_names_those_that_can_call(
    lasting: Service, door: str
) -> None:
    answer = await lasting.send(f"/call{door}", provider="mobizonkz")
    refusal(answer, 400, "provider_cannot_call")
    assert "dummy, smscru, twilio" in answer.json()["message"]


async def test_a_provider_without_credentials_names_those_that_have_some(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = msgspec.structs.replace(
        dummy(tmp_path_factory.mktemp("habar")),
        sms_dummy=False,
        sms_provider="mobizonkz",
        mobizonkz_api_key=Secret("kz1"),
    )
    async with serving(settings) as service:
        for door in DOORS:
            answer = await service.send(f"/sms{door}", provider="twilio")
            refusal(answer, 400, "provider_not_configured")
            assert "mobizonkz" in answer.json()["message"]
            answer = await service.send(f"/call{door}", provider="smscru")
            refusal(answer, 400, "provider_not_configured")
            assert "None can call here" in answer.json()["message"]


async def test_a_message_can_be_read_by_its_id(service_on: Service, path: str) -> None:
    sent = await service_on.send(path, phones=PHONE, sender="ACME", reference="order-17")
    row = sent.json()["content"]["messages"][0]
    answer = await service_on.client.get(f"/messages/{row['id']}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.json()) == ["status", "content"]
    message = answer.json()["content"]["message"]
    history = message.pop("history")
    times = [message.pop(f"{name}_at") for name in ("created", "updated", "expires")]
    assert message == {
        "id": row["id"],
        "request_id": sent.json()["content"]["request_id"],
        "channel": path.strip("/"),
        "phone": PHONE,
        "provider": "dummy",
        "provider_id": f"dummy-{UUID(row['id']).hex}",
        "status": "delivered",
        "sender": "ACME",
        "reference": "order-17",
        "segments": 1,
        "encoding": "gsm-7",
        "priority": "transactional",
        "attempts": 1,
        "lookups": 0,
        "due_at": None,
        "error": None,
    }
    assert [event["event"] for event in history] == ["accepted", "submitted", "delivered"]
    times += [event["at"] for event in history]
    assert all(time.endswith("Z") and datetime.fromisoformat(time) for time in times)


async def test_a_request_is_read_page_by_page(service_on: Service) -> None:
    phones = [f"7701{number:07d}" for number in range(7)]
    sent = await service_on.send(phones=phones, reference="order-17", priority="bulk")
    path = sent.headers["location"]
    seen: list[str] = []
    cursor: str | None = None
    for size in (3, 3, 1):
        more = {} if cursor is None else {"cursor": cursor}
        answer = await service_on.client.get(path, params={"limit": 3, **more})
        assert answer.headers["cache-control"] == "no-store"
        content = answer.json()["content"]
        assert content["request"]["recipients"] == 7
        assert content["request"]["reference"] == "order-17"
        assert content["request"]["priority"] == "bulk"
        assert len(content["messages"]) == size
        seen += [message["phone"] for message in content["messages"]]
        cursor = content["next_cursor"]
    assert cursor is None
    assert seen == phones


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("limit=", "limit"),
        ("cursor=", "cursor"),
        ("cursor=zz", "cursor"),
        ("cursor=%FF", "cursor"),
        ("cursor=%00", "cursor"),
    ],
)
async def test_a_bad_page_is_refused(service: Service, query: str, field: str) -> None:
    sent = await service.send()
    answer = await service.client.get(f"{sent.headers['location']}?{query}")
    assert refusal(answer, 400, "invalid_request") == [field]
    assert query.partition("=")[2] not in answer.json()["message"] or query.endswith("=")


@pytest.mark.parametrize("kind", ["message", "request"])
@pytest.mark.parametrize(
    "name", ["0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f", "1", "x" * 5000, "%FF", "%00", "Ж"]
)
async def test_what_was_never_sent_is_not_found(service_on: Service, kind: str, name: str) -> None:
    answer = await service_on.client.get(f"/{kind}s/{name}")
    refusal(answer, 404, f"{kind}_not_found")


async def test_ten_thousand_phones_are_sent_at_once(service: Service) -> None:
    phones = [f"7701{number:07d}" for number in range(10_000)]
    answer = await service.client.post("/sms", json={**HELLO, "phones": phones})
    assert (answer.status_code, answer.content) == (200, b'{"status":true}')
    content = (await service.client.get(answer.headers["location"])).json()["content"]
    assert content["request"]["recipients"] == 10_000
    assert len(content["messages"]) == 1000


async def test_a_hundred_thousand_phones_are_taken(lasting: Service) -> None:
    phones = [f"7701{number:07d}" for number in range(100_000)]
    body = {**HELLO, "phones": phones, "dry_run": True}
    async with asyncio.timeout(20):
        answer = await lasting.client.post("/sms", json=body)
    rows = answer.json()["content"]["messages"]
    assert [row["phone"] for row in rows] == phones
