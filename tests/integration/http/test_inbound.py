"""Subscribers write: what they ask for is done, and what they wrote can be read."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from adapters.persistence import tables
from adapters.persistence.engines import DatabaseTarget
from domain.inbound import InboundMessage
from entrypoints.settings import Secret
from tests.contracts.inbound import written
from tests.integration.http.service import Service, dummy_on, refusal, serving
from tests.integration.http.signing import (
    ACCOUNT_SID,
    PHONE,
    PUBLIC_URL,
    SMSCRU_SECRET,
    TWILIO_TOKEN,
    smscru,
    twilio,
)

REPLY = "ACME sends you nothing more."


@pytest.fixture
async def service(target: DatabaseTarget) -> AsyncIterator[Service]:
    """A gateway that hears smsc.ru and Twilio, on either database."""
    settings = dummy_on(target)
    heard = {
        "smscru_username": "acme",
        "smscru_password": Secret("x"),
        "smscru_callback_secret": Secret(SMSCRU_SECRET),
        "twilio_sid": ACCOUNT_SID,
        "twilio_token": Secret(TWILIO_TOKEN),
        "twilio_phone": "+15005550006",
        "public_url": PUBLIC_URL,
        "stop_reply": REPLY,
        "stop_words": ("basta",),
        "webhook_urls": (Secret("https://shop.example/hooks"),),
        "webhook_secrets": (Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),),
    }
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    async with serving(type(settings)(**{**values, **heard})) as service:
        yield service


async def smscru_hears(service: Service, text: str, ts: str = "1") -> httpx.Response:
    fields = {"phone": PHONE, "mes": text, "to": "79990001122", "ts": ts}
    signed = smscru(fields, "phone", "mes", "to", kind="inbound")
    return await service.client.post(signed.path, content=signed.body, headers=signed.headers)


async def twilio_hears(service: Service, text: str, number: int = 1, **more: str) -> httpx.Response:
    fields = {"MessageSid": f"SM{number:032x}", "From": f"+{PHONE}", "To": "+15005550006"}
    signed = twilio("/callbacks/twilio/inbound", fields | {"Body": text} | more)
    return await service.client.post(signed.path, content=signed.body, headers=signed.headers)


async def listed(service: Service, **query: str) -> list[dict[str, Any]]:
    answer = await service.client.get("/inbound", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: list[dict[str, Any]] = answer.json()["content"]["inbound"]
    return found


async def verdict(service: Service) -> str | None:
    """Tell what a message to the subscriber comes to."""
    answer = await service.send(phones=[PHONE])
    code: str | None = answer.json().get("status_code")
    return code


async def queued(service: Service) -> list[dict[str, Any]]:
    answer = await service.client.get("/messages", params={"status": "queued"})
    found: list[dict[str, Any]] = answer.json()["content"]["messages"]
    return found


async def test_stop_and_start_decide_whether_a_subscriber_is_written_to(service: Service) -> None:
    assert await verdict(service) is None
    assert (await smscru_hears(service, "Стоп. Спасибо!")).status_code == 200
    assert await verdict(service) == "blacklisted"
    entry = (await service.client.get("/blacklist", params={"phone": PHONE})).json()
    assert entry["content"]["blacklist"]["phone"] == PHONE
    assert (await smscru_hears(service, "бастау")).status_code == 200
    assert await verdict(service) is None


async def test_a_word_of_this_deployment_is_known(service: Service) -> None:
    await smscru_hears(service, "¡Basta!")
    assert await verdict(service) == "blacklisted"


async def test_a_stop_is_confirmed_once_however_often_it_comes(service: Service) -> None:
    for ts in ("1", "1", "2"):
        assert (await smscru_hears(service, "STOP", ts)).status_code == 200
    (message,) = await queued(service)
    assert (message["phone"], message["provider"]) == (PHONE, "smscru")


async def test_what_twilio_answers_itself_is_not_confirmed(service: Service) -> None:
    assert (await twilio_hears(service, "STOP")).status_code == 200
    assert await verdict(service) == "blacklisted"
    assert await queued(service) == []
    assert (await twilio_hears(service, "нет", 2, OptOutType="START")).status_code == 200
    assert await verdict(service) is None


async def test_a_repeated_callback_is_one_message(service: Service) -> None:
    for _ in range(3):
        assert (await twilio_hears(service, "When do you open?")).status_code == 200
    (message,) = await listed(service)
    assert message["text"] == "When do you open?"


async def test_each_message_is_told_once_with_what_it_asks_for(service: Service) -> None:
    for _ in range(2):
        await twilio_hears(service, "Стоп!")
    (kept,) = await listed(service)
    async with service.container.engines().reader.connect() as connection:
        events = (await connection.execute(sa.select(tables.webhook_events))).all()
        deliveries = (await connection.execute(sa.select(tables.webhook_deliveries))).all()
    told = [json.loads(event.body) for event in events if event.type == "message.received"]
    assert [body["data"] for body in told] == [kept]
    assert (kept["keyword"], kept["text"]) == ("stop", "Стоп!")
    assert [delivery.url for delivery in deliveries] == ["https://shop.example/hooks"]


async def test_a_message_is_shown_as_it_came(service: Service) -> None:
    await twilio_hears(service, " Қайда? 😀\nSTOP ", 7)
    (message,) = await listed(service)
    name, at = message.pop("id"), message.pop("received_at")
    assert message == {
        "provider": "twilio",
        "provider_id": f"SM{7:032x}",
        "phone": PHONE,
        "to": "15005550006",
        "text": " Қайда? 😀\nSTOP ",
        "keyword": None,
    }
    assert name
    assert at.endswith("Z")


async def keep(service: Service, *messages: InboundMessage) -> None:
    for message in messages:
        await service.container.receive_inbound()(message)


async def test_the_list_is_searched(service: Service) -> None:
    await keep(service, written("hello", provider="twilio"), written("stop", provider="smscru"))
    await keep(service, replace(written("promo"), phone="KaspiBank"))
    for query, texts in (
        ({"phone": f"+{PHONE}"}, ["stop", "hello"]),
        ({"phone": "7 (701) 123-45-67"}, ["stop", "hello"]),
        ({"phone": "KaspiBank"}, ["promo"]),
        ({"provider": "smscru"}, ["stop"]),
        ({"keyword": "stop"}, ["stop"]),
        ({"since": "2026-11-23T06:34:44Z"}, []),
        ({"until": "2026-11-23T06:34:44Z", "provider": "smscru"}, ["stop"]),
    ):
        assert [message["text"] for message in await listed(service, **query)] == texts


async def test_the_list_comes_page_by_page(service: Service) -> None:
    await keep(service, *(written(str(number)) for number in range(7)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        answer = await service.client.get("/inbound", params={"limit": 3, **more})
        content = answer.json()["content"]
        seen += [message["text"] for message in content["inbound"]]
        cursor = content["next_cursor"]
    assert seen == [str(number) for number in reversed(range(7))]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("phone=%00", "invalid_phone"),
        ("phone=" + "x" * 33, "invalid_phone"),
        ("provider=nobody", "unknown_provider"),
        ("keyword=maybe", "invalid_request"),
        ("since=yesterday", "invalid_request"),
        ("cursor=1", "invalid_request"),
        ("limit=0", "invalid_request"),
        ("limit=1001", "invalid_request"),
    ],
)
async def test_what_no_message_can_have_is_refused(lasting: Service, query: str, code: str) -> None:
    refusal(await lasting.client.get(f"/inbound?{query}"), 400, code)
