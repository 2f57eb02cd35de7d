"""Every route with every kind of key. A new route has to be entered here before this passes."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from application.manage_keys import NewKey
from domain.api_key import KeyPrint
from domain.caller import Scope
from entrypoints.http.app import create_app
from tests.integration.http.service import (
    HELLO,
    REPRESENTATION,
    Service,
    dummy,
    refusal,
    serving,
)

OPEN = None
NEEDED: Mapping[tuple[str, str], Scope | None] = {
    ("POST", "/sms"): Scope.SEND,
    ("POST", "/call"): Scope.SEND,
    ("POST", "/messages/{message_id}/cancel"): Scope.SEND,
    ("GET", "/messages"): Scope.READ,
    ("GET", "/messages/{message_id}"): Scope.READ,
    ("GET", "/requests/{request_id}"): Scope.READ,
    ("GET", "/inbound"): Scope.READ,
    ("GET", "/providers"): Scope.READ,
    ("GET", "/metrics"): Scope.READ,
    ("POST", "/blacklist"): Scope.BLACKLIST,
    ("GET", "/blacklist"): Scope.BLACKLIST,
    ("DELETE", "/blacklist"): Scope.BLACKLIST,
    ("GET", "/blacklist/entries"): Scope.BLACKLIST,
    ("GET", "/blacklist/export"): Scope.BLACKLIST,
    ("POST", "/blacklist/import"): Scope.BLACKLIST,
    ("GET", "/audit"): Scope.ADMIN,
    ("GET", "/webhooks/deliveries"): Scope.ADMIN,
    ("POST", "/webhooks/deliveries/{delivery_id}/replay"): Scope.ADMIN,
    ("POST", "/webhooks/replay"): Scope.ADMIN,
    ("GET", "/webhooks/endpoints"): Scope.ADMIN,
    ("POST", "/webhooks/endpoints/enable"): Scope.ADMIN,
    ("POST", "/providers/{code}/pause"): Scope.ADMIN,
    ("POST", "/providers/{code}/resume"): Scope.ADMIN,
    ("POST", "/providers/{code}/check"): Scope.ADMIN,
    ("GET", "/livez"): OPEN,
    ("HEAD", "/livez"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("HEAD", "/readyz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/{path}"): OPEN,
    ("GET", "/docs/openapi.json"): OPEN,
    ("GET", "/docs/oauth2-redirect.html"): OPEN,
    ("GET", "/docs/assets/{file_path}"): OPEN,
    ("HEAD", "/docs/assets/{file_path}"): OPEN,
    # Callbacks prove where they come from in their providers' own ways.
    ("GET", "/callbacks/{provider}/receipt"): OPEN,
    ("POST", "/callbacks/{provider}/receipt"): OPEN,
    ("GET", "/callbacks/{provider}/inbound"): OPEN,
    ("POST", "/callbacks/{provider}/inbound"): OPEN,
}
WRONG = "hbr_" + "x" * 43
EXPIRED = b"hbr_" + b"e" * 43
OWNED = ["/messages/{message_id}", "/messages/{message_id}/cancel", "/requests/{request_id}"]
ROUTES = sorted(NEEDED, key=str)
KEYED = [route for route in ROUTES if NEEDED[route] is not OPEN]


@dataclass(frozen=True, slots=True)
class Keyed:
    """A gateway, its keys, and a request one of them made.

    Attributes:
        keys: by scope, and those that open nothing by what is wrong with them.
    """

    service: Service
    keys: Mapping[str, str]
    request_id: str
    message_id: str

    async def ask(
        self,
        route: tuple[str, str],
        key: str | None,
        **more: Any,  # noqa: ANN401 - of httpx
    ) -> httpx.Response:
        method, path = route
        path = path.format(
            message_id=self.message_id,
            request_id=self.request_id,
            delivery_id=self.message_id,
            code="nobody",
            provider="nobody",
            path="nothing",
            file_path="nothing",
        )
        headers = {} if key is None else {"X-API-Key": key}
        return await self.service.client.request(method, path, headers=headers, **more)


def routes_of(app: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever stands in front
    while not isinstance(app, Litestar):
        app = app._app  # noqa: SLF001 - there is no other way to what it guards
    for route in app.routes:
        for method in getattr(route, "methods", ()):
            if method != "OPTIONS":
                yield method, route.path_format


@pytest.fixture(scope="module")
async def keyed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Keyed]:
    async with serving(dummy(tmp_path_factory.mktemp("habar"))) as service:
        keys = await some_keys(service)
        sent = await service.client.post(
            "/sms", json=HELLO, headers={**REPRESENTATION, "X-API-Key": keys["admin"]}
        )
        content = sent.json()["content"]
        yield Keyed(service, keys, content["request_id"], content["messages"][0]["id"])


async def a_key(service: Service, *scopes: Scope, **more: Any) -> str:  # noqa: ANN401 - of NewKey
    """Make a key, which is known when this returns."""
    wanted = NewKey(name="another", scopes=frozenset(scopes), **more)
    issued = await service.container.manage_keys().create(wanted)
    await service.container.key_ring().refresh()
    return issued.text


async def some_keys(service: Service) -> dict[str, str]:
    manage, keys = service.container.manage_keys(), service.container.api_keys()
    found: dict[str, str] = {}
    for scope in Scope:
        issued = await manage.create(NewKey(name=scope, scopes=frozenset({scope})))
        found[scope] = issued.text
    everything = NewKey(name="of no use", scopes=frozenset(Scope))
    elsewhere = replace(everything, networks=(ip_network("10.0.0.0/8"),))
    found["foreign network"] = (await manage.create(elsewhere)).text
    revoked = await manage.create(everything)
    await manage.revoke(revoked.key.id)
    long_ago = revoked.key.created_at - timedelta(days=1)
    await keys.add(
        replace(revoked.key, id=uuid4(), current=KeyPrint.of(EXPIRED), expires_at=long_ago)
    )
    replaced = await manage.create(everything)
    await manage.rotate(replaced.key.id, timedelta())
    found |= {"revoked": revoked.text, "expired": EXPIRED.decode(), "replaced": replaced.text}
    await service.container.key_ring().refresh()
    return found


async def test_every_route_is_in_the_table(keyed: Keyed) -> None:
    routes = set(routes_of(create_app(keyed.service.container)))
    # The dashboard's have a table of their own: tests/integration/dashboard/test_roles.py.
    assert {route for route in routes if not route[1].startswith("/dashboard")} == set(NEEDED)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_a_key_opens_what_its_scope_says(
    keyed: Keyed, route: tuple[str, str], scope: Scope
) -> None:
    answer = await keyed.ask(route, keyed.keys[scope])
    needed = NEEDED[route]
    if needed in {OPEN, scope} or scope is Scope.ADMIN:
        assert answer.status_code not in {401, 403, 500}
    else:
        refusal(answer, 403, "forbidden")
        assert f"scope {needed}," in answer.json()["message"]


@pytest.mark.parametrize("shown", [None, WRONG, "", "hbr_", "revoked", "expired", "replaced"])
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_without_a_key_that_is_good_only_the_open_routes_answer(
    keyed: Keyed, route: tuple[str, str], shown: str | None
) -> None:
    answer = await keyed.ask(route, None if shown is None else keyed.keys.get(shown, shown))
    if NEEDED[route] is OPEN:
        assert answer.status_code not in {401, 500}
    else:
        refusal(answer, 401, "unauthorized")


@pytest.mark.parametrize("route", KEYED, ids=" ".join)
async def test_a_key_is_good_from_its_networks_only(keyed: Keyed, route: tuple[str, str]) -> None:
    refusal(await keyed.ask(route, keyed.keys["foreign network"]), 403, "forbidden")


@pytest.mark.parametrize("route", [r for r in ROUTES if r[1] in OWNED], ids=" ".join)
async def test_what_another_key_sent_is_not_there(keyed: Keyed, route: tuple[str, str]) -> None:
    key = keyed.keys[NEEDED[route] or Scope.ADMIN]
    answer = await keyed.ask(route, key)
    assert answer.status_code == 404
    assert answer.json()["status_code"] in {"message_not_found", "request_not_found"}
    assert (await keyed.ask(route, keyed.keys["admin"])).status_code in {200, 409}


async def test_every_owned_route_is_tried_with_another_key(keyed: Keyed) -> None:
    routes = routes_of(create_app(keyed.service.container))
    named = {path for _, path in routes if not path.startswith("/dashboard")}
    assert {p for p in named if "{message_id}" in p or "{request_id}" in p} == set(OWNED)


async def test_a_list_holds_what_the_key_itself_sent(service_on: Service) -> None:
    one, other = [await a_key(service_on, Scope.SEND, Scope.READ) for _ in range(2)]
    client, sent = service_on.client, []
    for _ in range(5):
        answer = await client.post("/sms", json=HELLO, headers={**REPRESENTATION, "X-API-Key": one})
        sent += [row["id"] for row in answer.json()["content"]["messages"]]
    listed: list[str] = []
    query: dict[str, str | int] = {"limit": 3}
    while True:
        content = (await client.get("/messages", params=query, headers={"X-API-Key": one})).json()[
            "content"
        ]
        listed += [message["id"] for message in content["messages"]]
        if content["next_cursor"] is None:
            break
        query["cursor"] = content["next_cursor"]
    assert listed == sorted(sent, reverse=True)
    by_phone = {"phone": "77011234567"}
    for params in ({}, by_phone):
        answer = await client.get("/messages", params=params, headers={"X-API-Key": other})
        assert answer.json()["content"]["messages"] == []
    own = await client.get("/messages", params=by_phone, headers={"X-API-Key": one})
    assert len(own.json()["content"]["messages"]) == 5
    own = await client.get(f"/messages/{sent[0]}", headers={"X-API-Key": one})
    assert own.json()["content"]["message"]["id"] == sent[0]


async def test_idempotency_keys_of_different_keys_are_different(keyed: Keyed) -> None:
    replayed = []
    for key in [await a_key(keyed.service, Scope.SEND) for _ in range(2)]:
        headers = {"X-API-Key": key, "Idempotency-Key": "order 17"}
        for _ in range(2):
            answer = await keyed.service.client.post("/sms", json=HELLO, headers=headers)
            replayed.append("idempotent-replayed" in answer.headers)
    assert replayed == [False, True, False, True]


async def test_a_key_is_refused_when_it_comes_too_often(keyed: Keyed) -> None:
    slow = await a_key(keyed.service, Scope.READ, rate=0.01)
    assert (await keyed.ask(("GET", "/messages"), slow)).status_code == 200
    answer = await keyed.ask(("GET", "/messages"), slow)
    refusal(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 100
    assert (await keyed.ask(("GET", "/messages"), keyed.keys["read"])).status_code == 200


async def test_ten_thousand_wrong_keys_hold_nobody_up(keyed: Keyed) -> None:
    wrong = [f"hbr_{number:043}" for number in range(10_000)]
    for start in range(0, len(wrong), 100):
        answers = await asyncio.gather(
            *(keyed.ask(("GET", "/messages"), key) for key in wrong[start : start + 100])
        )
        assert {answer.status_code for answer in answers} == {401}
    assert (await keyed.ask(("GET", "/messages"), keyed.keys["read"])).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "203.0.113.9"},
    ],
    ids=repr,
)
async def test_without_keys_nobody_is_let_in_through_a_proxy(
    lasting: Service, headers: dict[str, str]
) -> None:
    refusal(await lasting.client.get("/messages", headers=headers), 401, "unauthorized")


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.1", "::ffff:203.0.113.9", "nonsense"])
async def test_without_keys_only_this_machine_is_let_in(lasting: Service, address: str) -> None:
    transport = httpx.ASGITransport(app=lasting.app, client=(address, 4711))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        refusal(await client.post("/sms", json=HELLO), 401, "unauthorized")


async def test_where_authentication_is_disabled_everybody_is_let_in(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = dummy(tmp_path_factory.mktemp("habar"), auth_disabled=True)
    async with serving(settings) as service:
        transport = httpx.ASGITransport(app=service.app, client=("203.0.113.9", 4711))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://habar") as client:
            answer = await client.post("/sms", json=HELLO, headers={"X-API-Key": WRONG})
    assert answer.content == b'{"status":true}'


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
async def test_a_key_is_good_from_its_networks_however_the_address_is_written(
    keyed: Keyed, address: str
) -> None:
    transport = httpx.ASGITransport(app=keyed.service.app, client=(address, 4711))  # type: ignore[arg-type]
    headers = {"X-API-Key": keyed.keys["foreign network"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://habar") as client:
        assert (await client.get("/messages", headers=headers)).status_code == 200


async def test_a_trusted_proxy_says_for_whom_it_calls(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = dummy(tmp_path_factory.mktemp("habar"), trusted_proxies=("127.0.0.0/8",))
    async with serving(settings) as service:
        key = await a_key(service, Scope.READ, networks=(ip_network("198.51.100.0/24"),))
        statuses = [
            (
                await service.client.get(
                    "/messages", headers={"X-API-Key": key, "X-Forwarded-For": forwarded}
                )
            ).status_code
            for forwarded in ("198.51.100.7", "198.51.100.7, 203.0.113.9", "x, 198.51.100.7")
        ]
    assert statuses == [200, 403, 200]
