"""``/webhooks``, and a request that wants its changes told to an address of its own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from adapters.persistence.engines import DatabaseTarget
from adapters.webhooks.signature import read_secret
from application.background import Loop
from entrypoints.settings import Secret, Settings
from entrypoints.site import site
from entrypoints.webhooks import webhook_loops
from entrypoints.webhooks_listener import listening
from tests.integration.http.service import DOORS, HELLO, Service, dummy, refusal, serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OWN = "https://own.example/all?key=1"
MINE = "https://shop.example/order/7"
LONG_AGO = {"since": "2020-01-01T00:00:00Z"}
HELLO_ONE: dict[str, Any] = {**HELLO, "phones": "77011234567"}


def settings(target: DatabaseTarget, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    url = target.url.set(drivername=target.url.get_backend_name())
    return Settings(
        sms_dummy=True,
        database_url=Secret(url.render_as_string(hide_password=False)),
        webhook_secrets=(Secret(SECRET),),
        **{"webhook_urls": (Secret(OWN),), "webhook_hosts": ("shop.example",), **more},
    )


def loops(service: Service) -> list[Loop]:
    """What tells of events; a service as it is served here has no background."""
    made = service.container
    return [
        *webhook_loops(
            made.transactions(), made.addresses(), made.clock(), made.ids(), made.settings()
        )
    ]


@pytest.fixture
async def service(target: DatabaseTarget) -> AsyncIterator[Service]:
    """A gateway whose events are made deliveries of, and nothing is posted."""
    async with serving(settings(target)) as service:
        yield service


async def send(service: Service, **fields: Any) -> str:  # noqa: ANN401 - JSON
    """Send a message, have its changes fed, and return its id."""
    answer = await service.send(**{**HELLO_ONE, **fields})
    assert answer.status_code == 200, answer.text
    feeder, _ = loops(service)
    await feeder.once()  # type: ignore[attr-defined]
    (row,) = answer.json()["content"]["messages"]
    return str(row["id"])


async def deliveries(service: Service, **query: object) -> list[dict[str, Any]]:
    answer = await service.client.get("/webhooks/deliveries", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["content"]["deliveries"]
    return found


async def test_without_webhooks_nothing_runs_and_nothing_is_written(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with serving(dummy(tmp_path_factory.mktemp("habar"))) as service:
        assert loops(service) == []
        await service.send()
        assert await deliveries(service) == []
        answer = await service.client.get("/webhooks/endpoints")
        assert answer.json() == {"status": True, "content": {"endpoints": []}}


@pytest.mark.parametrize("path", [f"{path}{door}" for path in ("/sms", "/call") for door in DOORS])
async def test_a_request_may_have_an_address_of_its_own(service: Service, path: str) -> None:
    answer = await service.client.post(path, json={**HELLO_ONE, "callback_url": MINE})
    assert answer.json() == {"status": True}


@pytest.mark.parametrize("url", ["https://evil.example/", "not a url", "", "ftp://shop.example/"])
async def test_an_address_of_another_host_is_refused_and_nothing_is_sent(
    service: Service, url: str
) -> None:
    answer = await service.send(callback_url=url)
    assert refusal(answer, 400, "invalid_terms") == ["callback_url"]
    listed = await service.client.get("/messages")
    assert listed.json()["content"]["messages"] == []


@pytest.mark.parametrize("url", [7, ["https://shop.example/"], {}, True])
async def test_an_address_that_is_no_text_is_refused(service: Service, url: object) -> None:
    answer = await service.send(callback_url=url)
    assert refusal(answer, 400, "invalid_request") == ["callback_url"]


async def test_deliveries_are_shown(service: Service) -> None:
    message_id = await send(service, callback_url=MINE)
    found = await deliveries(service)
    assert {(one["type"], one["url"]) for one in found} == {
        (f"message.{status}", url) for status in ("submitted", "delivered") for url in (OWN, MINE)
    }
    for one in found:
        assert list(one) == [
            *("id", "event_id", "type", "message_id", "url", "status", "attempts"),
            *("created_at", "updated_at", "due_at", "answer", "error"),
        ]
        assert (one["message_id"], one["status"], one["attempts"]) == (message_id, "pending", 0)
        assert (one["answer"], one["error"]) == (None, None)
        assert datetime.fromisoformat(one["due_at"]).tzinfo is not None


async def test_deliveries_are_found(service: Service) -> None:
    message_id = await send(service, callback_url=MINE)
    await send(service)
    assert len(await deliveries(service)) == 6
    assert len(await deliveries(service, message_id=message_id)) == 4
    assert len(await deliveries(service, message_id=message_id, url=MINE)) == 2
    assert len(await deliveries(service, url=MINE)) == 2
    assert len(await deliveries(service, status="pending")) == 6
    assert await deliveries(service, status="failed") == []
    assert await deliveries(service, message_id=uuid4()) == []
    assert await deliveries(service, url="https://nobody.example/") == []


async def test_deliveries_are_read_in_pages(service: Service) -> None:
    for _ in range(3):
        await send(service)
    seen: list[str] = []
    query: dict[str, str] = {"limit": "4"}
    while True:
        answer = await service.client.get("/webhooks/deliveries", params=query)
        content = answer.json()["content"]
        seen += [one["id"] for one in content["deliveries"]]
        if content["next_cursor"] is None:
            break
        query["cursor"] = content["next_cursor"]
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "lost"),
        ("message_id", "x"),
        ("cursor", "x"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "x"),
    ],
)
async def test_a_parameter_that_cannot_be_is_refused(
    service: Service, name: str, value: str
) -> None:
    answer = await service.client.get("/webhooks/deliveries", params={name: value})
    assert refusal(answer, 400, "invalid_request") == [name]


@pytest.mark.parametrize(
    "url", ["", "\0", "https://shop.example/\0", "shop.example", "ftp://a", "https://ё/", "http://"]
)
async def test_an_address_that_cannot_be_is_refused(service: Service, url: str) -> None:
    listed = await service.client.get("/webhooks/deliveries", params={"url": url})
    assert refusal(listed, 400, "invalid_request") == ["url"]
    for path in ("/webhooks/replay", "/webhooks/endpoints/enable"):
        answer = await service.client.post(path, json={**LONG_AGO, "url": url})
        assert refusal(answer, 400, "invalid_request") == ["url"]


@pytest.mark.parametrize("name", ["x", str(UUID(int=0)), "%00", "../../endpoints"])
async def test_a_delivery_nobody_knows_is_not_made_again(service: Service, name: str) -> None:
    answer = await service.client.post(f"/webhooks/deliveries/{name}/replay")
    assert answer.status_code in {404, 405}
    assert answer.json()["status"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"since": 5}, "since"),
        ({"since": None}, "since"),
        ({**LONG_AGO, "url": 5}, "url"),
    ],
)
async def test_a_time_that_is_none_is_refused(
    service: Service, body: dict[str, object], field: str
) -> None:
    answer = await service.client.post("/webhooks/replay", json=body)
    assert refusal(answer, 400, "invalid_request") == [field]


@pytest.mark.parametrize("path", ["/webhooks/replay", "/webhooks/endpoints/enable"])
@pytest.mark.parametrize(
    ("body", "code"), [(b"", "missing_body"), (b"{", "malformed_json"), (b"[]", "invalid_request")]
)
async def test_a_body_that_is_none_is_refused(
    service: Service, path: str, body: bytes, code: str
) -> None:
    refusal(await service.client.post(path, content=body), 400, code)


async def test_everything_since_a_time_is_told_again(service: Service) -> None:
    await send(service, callback_url=MINE)
    for body, count in [
        (LONG_AGO, 4),
        ({**LONG_AGO, "url": MINE}, 2),
        ({**LONG_AGO, "url": "https://nobody.example/"}, 0),
        ({"since": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, 0),
    ]:
        answer = await service.client.post("/webhooks/replay", json=body)
        assert answer.status_code == 202
        assert answer.json() == {"status": True, "content": {"deliveries": count}}
    assert len(await deliveries(service)) == 4


async def test_addresses_are_shown_and_can_be_enabled(service: Service) -> None:
    await send(service, callback_url=MINE)
    answer = await service.client.get("/webhooks/endpoints")
    first, second = answer.json()["content"]["endpoints"]
    assert first == {
        "url": OWN,
        "status": "active",
        "pending": 2,
        "failing_since": None,
        "disabled_at": None,
        "reason": "",
    }
    assert second["url"] == MINE
    enabled = await service.client.post("/webhooks/endpoints/enable", json={"url": OWN})
    assert (enabled.status_code, enabled.json()) == (200, {"status": True})


class Receiver:
    """A receiver that says what it is told to."""

    def __init__(self) -> None:
        self.status, self.ids = 204, list[str]()

    async def take(self, request: web.Request) -> web.Response:
        self.ids.append(request.headers["webhook-id"])
        return web.Response(status=self.status)


async def until(condition: Any) -> None:  # noqa: ANN401 - any question
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - what is asked tells nobody
            await asyncio.sleep(0.02)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    async with site(app) as url:
        yield receiver, f"{url}/habar"


async def test_an_address_that_said_410_is_left_alone_until_a_delivery_is_made_again(
    target: DatabaseTarget, receiver: tuple[Receiver, str]
) -> None:
    answering, url = receiver
    answering.status = 410
    told = settings(target, webhook_urls=(Secret(url),), webhook_allow_private=True)
    async with serving(told) as service:
        running = [asyncio.create_task(loop.run()) for loop in loops(service)]
        await service.send(**HELLO_ONE)

        async def given_up() -> bool:
            found = await deliveries(service, status="failed")
            return len(found) == 2

        await until(given_up)
        (endpoint,) = (await service.client.get("/webhooks/endpoints")).json()["content"][
            "endpoints"
        ]
        assert (endpoint["status"], endpoint["reason"]) == ("disabled", "answered 410 Gone")
        asked = len(answering.ids)
        await service.send(**HELLO_ONE)
        answering.status = 204
        (first, _) = await deliveries(service)
        answer = await service.client.post(f"/webhooks/deliveries/{first['id']}/replay")
        assert answer.status_code == 202
        assert answer.json()["content"]["delivery"]["status"] == "pending"

        async def delivered() -> bool:
            return len(await deliveries(service, status="delivered")) >= 1

        await until(delivered)
        assert first["event_id"] in answering.ids[asked:]
        await service.client.post("/webhooks/replay", json=LONG_AGO)

        async def all_told() -> bool:
            return len(await deliveries(service, status="delivered")) == 4

        await until(all_told)
        assert len(set(answering.ids)) == 4
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_what_is_told_is_taken_by_the_receiver_for_development(
    target: DatabaseTarget,
) -> None:
    said: list[str] = []
    async with listening("127.0.0.1", 0, [read_secret(SECRET)], said.append) as url:
        told = settings(target, webhook_urls=(Secret(f"{url}/x"),), webhook_allow_private=True)
        async with serving(told) as service:
            running = [asyncio.create_task(loop.run()) for loop in loops(service)]
            await service.send(**HELLO_ONE)

            async def delivered() -> bool:
                return len(await deliveries(service, status="delivered")) == 2

            await until(delivered)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    assert all("good signature" in line for line in said)
    assert {"message.submitted", "message.delivered"} == {
        word for line in said for word in ("message.submitted", "message.delivered") if word in line
    }
    assert HELLO_ONE["message"] not in "".join(said)
