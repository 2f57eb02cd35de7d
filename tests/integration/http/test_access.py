"""Where API keys are set, only the health checks and the documents answer without one."""

from collections.abc import AsyncIterator

import httpx
import pytest

from entrypoints.settings import Secret
from tests.integration.http.service import HELLO, Service, dummy, refusal, serving

SOMETHING = "0193578a-1c2b-7d3e-8f40-5a6b7c8d9e0f"
KEYS = ("first-key", "second-key", "ключ")
ROUTES = [
    ("POST", "/sms"),
    ("POST", "/sms/"),
    ("POST", "/call"),
    ("POST", "/call/"),
    ("POST", "/blacklist"),
    ("GET", "/blacklist"),
    ("DELETE", "/blacklist"),
    ("GET", "/messages"),
    ("GET", f"/messages/{SOMETHING}"),
    ("POST", f"/messages/{SOMETHING}/cancel"),
    ("GET", f"/requests/{SOMETHING}"),
    ("OPTIONS", "/sms"),
    ("GET", "/nothing"),
    ("GET", "/livez/../sms"),
    ("GET", "/x/livez"),
]
REFUSED = [
    [],
    [(b"X-API-Key", b"")],
    [(b"X-API-Key", b"first-ke")],
    [(b"X-API-Key", b"first-keys")],
    [(b"X-API-Key", b"FIRST-KEY")],
    [(b"X-API-Key", b"first-key,second-key")],
    [(b"X-API-Key", b"Bearer first-key")],
    [(b"X-API-Key", b"\xff\xfe\x80")],
    [(b"Authorization", b"")],
    [(b"Authorization", b"Bearer")],
    [(b"Authorization", b"Bearer ")],
    [(b"Authorization", b"Bearer wrong")],
    [(b"Authorization", b"first-key")],
    [(b"Authorization", b"Basic first-key")],
    [(b"Authorization", b"Basic Zmlyc3Qta2V5Og==")],
    [(b"Authorization", b"Bearer \xd0\xff")],
]
ACCEPTED = [
    [(b"X-API-Key", b"first-key")],
    [(b"x-api-key", b"second-key")],
    [(b"X-API-Key", "ключ".encode())],
    [(b"Authorization", b"Bearer first-key")],
    [(b"authorization", b"bearer second-key")],
    [(b"Authorization", b"BEARER  second-key ")],
    [(b"Authorization", "Bearer ключ".encode())],
    [(b"Authorization", b"Basic Zm9vOmJhcg=="), (b"X-API-Key", b"first-key")],
]


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = dummy(tmp_path_factory.mktemp("habar"), api_keys=tuple(map(Secret, KEYS)))
    async with serving(settings) as service:
        yield service


@pytest.fixture(scope="module")
async def unguarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with serving(dummy(tmp_path_factory.mktemp("habar"), auth_disabled=True)) as service:
        yield service


def denied(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not any(key in answer.text for key in KEYS)
    refusal(answer, 401, "unauthorized")


@pytest.mark.parametrize("headers", REFUSED, ids=repr)
async def test_without_a_right_key_nothing_is_done(
    guarded: Service, headers: list[tuple[bytes, bytes]]
) -> None:
    denied(await guarded.client.post("/sms", json=HELLO, headers=headers))


@pytest.mark.parametrize("headers", ACCEPTED, ids=repr)
@pytest.mark.parametrize("path", ["/sms", "/sms/"])
async def test_any_of_the_keys_opens_in_either_header(
    guarded: Service, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    answer = await guarded.client.post(path, json=HELLO, headers=headers)
    assert answer.content == b'{"status":true}'


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_that_does_something_wants_a_key(
    guarded: Service, method: str, path: str
) -> None:
    denied(await guarded.client.request(method, path, headers={"X-API-Key": "wrong"}))
    answer = await guarded.client.request(method, path, headers={"X-API-Key": KEYS[0]})
    assert answer.status_code not in {401, 500}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_the_health_checks_want_none(guarded: Service, method: str, path: str) -> None:
    assert (await guarded.client.request(method, path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/assets/swagger-ui.css", "/docs/openapi.json", "/openapi.json"]
)
async def test_the_documents_want_none(guarded: Service, path: str) -> None:
    assert (await guarded.client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/docs/../sms", "/docs/%2e%2e/sms", "/docs//sms", "/docs/..%2Fsms"]
)
async def test_no_way_through_the_documents_leads_further(guarded: Service, path: str) -> None:
    answer = await guarded.client.post(path, json=HELLO)
    assert answer.status_code in {401, 404, 405}


async def test_a_large_body_is_not_read_for_a_stranger(guarded: Service) -> None:
    denied(await guarded.client.post("/sms", content=b" " * 10_000_000))


async def test_without_keys_nobody_is_asked_for_one(lasting: Service) -> None:
    answer = await lasting.client.post("/sms", json=HELLO)
    assert answer.content == b'{"status":true}'


async def test_a_wrong_key_opens_nothing_where_none_is_needed(lasting: Service) -> None:
    denied(await lasting.client.post("/sms", json=HELLO, headers={"X-API-Key": "any"}))


CHANGES = [
    ("POST", "/sms"),
    ("POST", "/call/"),
    ("POST", "/blacklist"),
    ("DELETE", "/blacklist?phone=77011234567"),
    ("POST", f"/messages/{SOMETHING}/cancel"),
    ("POST", f"/webhooks/deliveries/{SOMETHING}/replay"),
    ("POST", "/providers/dummy/resume"),
    ("POST", "/providers/dummy/check"),
]
FOREIGN = {"Origin": "http://evil.example"}


@pytest.mark.parametrize(("method", "path"), [*CHANGES, ("GET", "/messages"), ("GET", "/nothing")])
@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        {"Host": "evil.example"},
        {"Host": "evil.example:8080", "Origin": "http://evil.example:8080"},
    ],
    ids=repr,
)
async def test_without_keys_no_page_of_another_site_is_let_in(
    lasting: Service, method: str, path: str, headers: dict[str, str]
) -> None:
    refusal(await lasting.client.request(method, path, headers=headers), 403, "forbidden")


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://localhost"}, {"Origin": "http://127.0.0.1:3000"}], ids=repr
)
async def test_without_keys_programs_and_pages_of_this_machine_are_let_in(
    lasting: Service, headers: dict[str, str]
) -> None:
    answer = await lasting.client.post("/sms", json=HELLO, headers=headers)
    assert answer.content == b'{"status":true}'


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_where_keys_are_switched_off_no_page_of_another_site_changes_anything(
    unguarded: Service, method: str, path: str
) -> None:
    refusal(await unguarded.client.request(method, path, headers=FOREIGN), 403, "forbidden")


async def test_where_keys_are_switched_off_programs_and_its_own_pages_are_let_in(
    unguarded: Service,
) -> None:
    for headers in ({}, {"Origin": "http://sms.example.kz"}):
        named = {**headers, "Host": "sms.example.kz"}
        answer = await unguarded.client.post("/sms", json=HELLO, headers=named)
        assert answer.content == b'{"status":true}'
    assert (await unguarded.client.get("/messages", headers=FOREIGN)).status_code == 200


async def test_with_a_key_pages_of_any_site_are_let_in_under_any_name(guarded: Service) -> None:
    headers = {**FOREIGN, "Host": "sms.example.kz", "X-API-Key": KEYS[0]}
    answer = await guarded.client.post("/sms", json=HELLO, headers=headers)
    assert answer.content == b'{"status":true}'


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/docs", "/openapi.json"])
async def test_what_is_open_is_open_under_any_name(lasting: Service, path: str) -> None:
    answer = await lasting.client.get(path, headers={**FOREIGN, "Host": "sms.example.kz"})
    assert answer.status_code == 200


async def test_a_callback_is_asked_for_its_own_proof_alone(lasting: Service) -> None:
    headers = {**FOREIGN, "Host": "sms.example.kz"}
    answer = await lasting.client.post("/callbacks/nobody/receipt", headers=headers)
    refusal(answer, 404, "not_found")
