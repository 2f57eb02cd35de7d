"""``GET /messages`` and ``POST /messages/{id}/cancel``."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from adapters.ids import TimeOrderedIds
from adapters.persistence.engines import DatabaseTarget
from tests.fakes import FixedClock
from tests.integration.http.service import HELLO, Service, dummy_on, refusal, serving

PHONE, OTHER = "77011234567", "77070001234"
STARTED = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
async def stocked(target: DatabaseTarget) -> AsyncIterator[Service]:
    """Three requests of two messages each, an hour apart; the last one is queued."""
    clock = FixedClock(STARTED)
    ids = TimeOrderedIds(lambda: int(clock.at.timestamp()) * 1_000_000_000)
    async with serving(dummy_on(target), clock=clock, ids=ids) as service:
        await service.send(provider="smscru", reference="order-1")
        clock.at += timedelta(hours=1)
        await service.send(provider="twilio", reference="order-2")
        clock.at += timedelta(hours=1)
        await service.client.post("/sms", json=HELLO, headers=ASYNC)
        yield service


def found(answer: httpx.Response) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200, answer.text
    return [
        (message["provider"], message["phone"], message["status"])
        for message in answer.json()["content"]["messages"]
    ]


FIRST = [("smscru", OTHER, "delivered"), ("smscru", PHONE, "delivered")]
SECOND = [("twilio", OTHER, "delivered"), ("twilio", PHONE, "delivered")]
THIRD = [("dummy", OTHER, "queued"), ("dummy", PHONE, "queued")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [*THIRD, *SECOND, *FIRST]),
        (f"phone={OTHER}", [THIRD[0], SECOND[0], FIRST[0]]),
        (f"phone=+{OTHER}", [THIRD[0], SECOND[0], FIRST[0]]),
        ("phone=%2B7+707+000-12-34", [THIRD[0], SECOND[0], FIRST[0]]),
        ("status=queued", THIRD),
        ("status=failed", []),
        ("provider=twilio", SECOND),
        ("provider=mobizonkz", []),
        ("reference=order-1", FIRST),
        ("reference=ORDER-1", []),
        ("since=2026-11-23T07:00:00Z", [*THIRD, *SECOND]),
        ("since=2026-11-23T12:00:00+05:00", [*THIRD, *SECOND]),
        ("since=2026-11-23T12:00:00%2B05:00", [*THIRD, *SECOND]),
        ("until=2026-11-23T07:00:00Z", FIRST),
        ("since=2026-11-23T06:00:01Z&until=2026-11-23T08:00:00Z", SECOND),
        ("since=2026-11-23T08:00:01Z", []),
        ("since=0001-01-01T00:00:00Z", [*THIRD, *SECOND, *FIRST]),
        ("until=0001-01-01T00:00:00Z", []),
        ("since=9999-12-31T23:59:59Z", []),
        ("until=9999-12-31T23:59:59Z", [*THIRD, *SECOND, *FIRST]),
        (f"phone={PHONE}&provider=twilio&status=delivered&reference=order-2", SECOND[1:]),
        ("limit=1", THIRD[:1]),
        ("colour=red", [*THIRD, *SECOND, *FIRST]),
    ],
)
async def test_messages_are_found_by_what_is_known_of_them(
    stocked: Service, query: str, expected: list[tuple[str, str, str]]
) -> None:
    answer = await stocked.client.get(f"/messages?{query}")
    assert found(answer) == expected
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.json()) == ["status", "content"]
    assert list(answer.json()["content"]) == ["messages", "next_cursor"]
    assert all("history" not in message for message in answer.json()["content"]["messages"])


@pytest.mark.parametrize("latest", [0, 1, 2, 10_000])
async def test_what_waits_is_found_wherever_it_stands_among_all_messages(
    stocked: Service, latest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.persistence.messages._LATEST", latest)
    get = stocked.client.get
    assert found(await get("/messages?status=queued")) == THIRD
    assert found(await get(f"/messages?status=queued&phone={PHONE}")) == THIRD[1:]
    assert found(await get("/messages?status=sending")) == []
    first = await get("/messages?status=queued&limit=1")
    assert found(first) == THIRD[:1]
    cursor = first.json()["content"]["next_cursor"]
    assert found(await get(f"/messages?status=queued&limit=1&cursor={cursor}")) == THIRD[1:]


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 7])
async def test_the_pages_are_the_whole_list(stocked: Service, limit: int) -> None:
    seen: list[tuple[str, str, str]] = []
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = await stocked.client.get("/messages", params={"limit": limit, **more})
        seen += found(answer)
        cursor = answer.json()["content"]["next_cursor"]
        if cursor is None:
            break
    assert seen == [*THIRD, *SECOND, *FIRST]


async def test_a_page_has_a_hundred_messages_unless_said_otherwise(service: Service) -> None:
    phones = [f"7701{number:07d}" for number in range(101)]
    await service.client.post("/sms", json={**HELLO, "phones": phones}, headers=ASYNC)
    answer = await service.client.get("/messages")
    assert len(found(answer)) == 100
    assert answer.json()["content"]["next_cursor"] is not None


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("phone=", "invalid_phone", None),
        ("phone=abc", "invalid_phone", None),
        ("phone=%00", "invalid_phone", None),
        ("status=", "invalid_request", "status"),
        ("status=lost", "invalid_request", "status"),
        ("status=QUEUED", "invalid_request", "status"),
        ("provider=", "unknown_provider", "provider"),
        ("provider=nobody", "unknown_provider", "provider"),
        ("provider=%00", "unknown_provider", "provider"),
        ("reference=", "invalid_reference", None),
        ("reference=%00", "invalid_reference", None),
        ("since=", "invalid_request", "since"),
        ("since=yesterday", "invalid_request", "since"),
        ("since=2026-11-23", "invalid_request", "since"),
        ("since=2026-11-23T06:34:43", "invalid_request", "since"),
        ("until=1795415683", "invalid_request", "until"),
        ("until=9999-12-31T23:59:59-14:00", "invalid_request", "until"),
        ("cursor=", "invalid_request", "cursor"),
        ("cursor=1", "invalid_request", "cursor"),
        ("cursor=%FF", "invalid_request", "cursor"),
        ("limit=0", "invalid_request", "limit"),
        ("limit=1001", "invalid_request", "limit"),
        ("limit=all", "invalid_request", "limit"),
    ],
)
async def test_a_bad_parameter_is_refused_by_its_name(
    lasting: Service, query: str, code: str, field: str | None
) -> None:
    answer = await lasting.client.get(f"/messages?{query}")
    assert refusal(answer, 400, code) == ([] if field is None else [field])


async def queued(service: Service) -> str:
    body = {**HELLO, "phones": PHONE, "delay": 60}
    answer = await service.client.post(
        "/sms", json=body, headers={"Prefer": "return=representation"}
    )
    return str(answer.json()["content"]["messages"][0]["id"])


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_queued_message_is_canceled_once_and_for_all(
    service_on: Service, slash: str
) -> None:
    name = await queued(service_on)
    answers = [await service_on.client.post(f"/messages/{name}/cancel{slash}") for _ in range(2)]
    read = await service_on.client.get(f"/messages/{name}")
    for answer in answers:
        assert (answer.status_code, answer.json()) == (200, read.json())
    message = read.json()["content"]["message"]
    assert message["status"] == "canceled"
    assert [event["event"] for event in message["history"]] == ["accepted", "canceled"]


async def test_a_message_that_has_left_cannot_be_canceled(service_on: Service) -> None:
    sent = await service_on.send(phones=PHONE)
    name = sent.json()["content"]["messages"][0]["id"]
    answer = await service_on.client.post(f"/messages/{name}/cancel")
    refusal(answer, 409, "not_cancelable")
    assert "delivered" in answer.json()["message"]
    read = await service_on.client.get(f"/messages/{name}")
    assert read.json()["content"]["message"]["status"] == "delivered"


@pytest.mark.parametrize("name", ["0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f", "1", "%00", "Ж"])
async def test_what_was_never_sent_cannot_be_canceled(lasting: Service, name: str) -> None:
    answer = await lasting.client.post(f"/messages/{name}/cancel")
    refusal(answer, 404, "message_not_found")
