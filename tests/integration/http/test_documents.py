"""``/docs`` and ``/openapi.json``: true, and in need of nothing from the internet."""

import re
from pathlib import Path
from typing import Any

import pytest

from entrypoints.settings import Secret
from tests.integration.http.service import HELLO, Service, dummy, refusal, serving

Document = dict[str, Any]
BODY = ["400", "413", "415", "503"]
KEYED = ["400", "409", "413", "415", "422", "503"]
WANTED = {
    ("/sms", "post"): ["200", "202", *KEYED],
    ("/call", "post"): ["200", "202", *KEYED],
    ("/blacklist", "get"): ["200", *BODY],
    ("/blacklist", "post"): ["200", *KEYED],
    ("/blacklist", "delete"): ["200", *KEYED],
    ("/blacklist/entries", "get"): ["200", "400", "503"],
    ("/blacklist/import", "post"): ["200", *BODY],
    ("/blacklist/export", "get"): ["200", "400", "503"],
    ("/messages", "get"): ["200", "400", "503"],
    ("/messages/{message_id}/cancel", "post"): ["200", "400", "404", "409", "503"],
    ("/messages/{message_id}", "get"): ["200", "400", "404", "503"],
    ("/requests/{request_id}", "get"): ["200", "400", "404", "503"],
    ("/inbound", "get"): ["200", "400", "503"],
    ("/webhooks/deliveries", "get"): ["200", "400", "503"],
    ("/webhooks/deliveries/{delivery_id}/replay", "post"): ["202", "400", "404", "503"],
    ("/webhooks/replay", "post"): ["202", *BODY],
    ("/webhooks/endpoints", "get"): ["200", "400", "503"],
    ("/webhooks/endpoints/enable", "post"): ["200", *BODY],
    ("/providers", "get"): ["200", "400", "503"],
    ("/providers/{code}/pause", "post"): ["200", "404", *BODY],
    ("/providers/{code}/resume", "post"): ["200", "400", "404", "503"],
    ("/providers/{code}/check", "post"): ["200", "400", "404", "503"],
    ("/audit", "get"): ["200", "400", "503"],
    ("/livez", "get"): ["200"],
    ("/readyz", "get"): ["200", "503"],
}
OPEN = {"/livez", "/readyz"}
KEYS = {"401", "403", "429"}
HIDDEN = [
    "/docs",
    "/docs/",
    "/docs/openapi.json",
    "/docs/assets/swagger-ui.css",
    "/openapi.json",
    "/schema",
    "/schema/openapi.json",
]


@pytest.fixture
async def document(lasting: Service) -> Document:
    return await document_of(lasting)


async def document_of(service: Service) -> Document:
    answer = await service.client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json"
    document: Document = answer.json()
    return document


def operations(document: Document) -> dict[tuple[str, str], Document]:
    return {
        (path, method): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def parameters(operation: Document) -> list[str]:
    return [parameter["name"] for parameter in operation["parameters"]]


async def test_every_route_is_documented_with_every_status(document: Document) -> None:
    found = operations(document)
    statuses = {key: set(one["responses"]) for key, one in found.items()}
    assert statuses == {
        (path, method): set(wanted) | (set() if path in OPEN else KEYS)
        for (path, method), wanted in WANTED.items()
    }


async def test_every_error_is_documented_as_the_envelope(document: Document) -> None:
    for key, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            if (key, status) == (("/blacklist/export", "get"), "200"):
                assert set(answer["content"]) == {"text/csv", "application/x-ndjson"}
                continue
            (media_type,) = answer["content"]
            assert media_type == "application/json"
            envelope = answer["content"][media_type]["schema"] == {
                "$ref": "#/components/schemas/ErrorEnvelope"
            }
            assert envelope == (status not in {"200", "202"})
    fields = document["components"]["schemas"]["ErrorEnvelope"]
    assert set(fields["properties"]) == {"status", "status_code", "message", "errors"}
    assert set(fields["required"]) == {"status", "status_code", "message"}


async def test_bodies_are_documented_and_required_where_they_are(document: Document) -> None:
    found = operations(document).items()
    bodies = {key: one["requestBody"] for key, one in found if "requestBody" in one}
    required = {key: body["required"] for key, body in bodies.items()}
    assert required == {
        ("/sms", "post"): True,
        ("/call", "post"): True,
        ("/blacklist", "post"): True,
        ("/blacklist", "get"): False,
        ("/blacklist", "delete"): False,
        ("/blacklist/import", "post"): True,
        ("/webhooks/replay", "post"): True,
        ("/webhooks/endpoints/enable", "post"): True,
        ("/providers/{code}/pause", "post"): False,
    }
    sms = bodies["/sms", "post"]["content"]["application/json"]
    assert sms["example"] == HELLO
    assert sms["schema"]["required"] == ["phones", "message"]


async def test_headers_are_documented_where_they_are_sent(document: Document) -> None:
    found = operations(document)
    for path in ("/sms", "/call"):
        for status in ("200", "202"):
            sent = found[path, "post"]["responses"][status]["headers"]
            assert set(sent) == {"Location", "Preference-Applied", "Idempotent-Replayed"}
        assert parameters(found[path, "post"]) == ["Prefer", "Idempotency-Key"]
    assert parameters(found["/blacklist", "post"]) == ["Idempotency-Key"]
    assert parameters(found["/blacklist", "delete"]) == ["phone", "Idempotency-Key"]
    assert parameters(found["/blacklist", "get"]) == ["phone"]
    for (path, _), operation in found.items():
        if path not in OPEN:
            assert "Retry-After" in operation["responses"]["503"]["headers"]


async def test_where_nobody_is_asked_for_a_key_the_document_speaks_of_none(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path, auth_disabled=True)) as service:
        document = await document_of(service)
    assert "security" not in document
    assert "securitySchemes" not in document["components"]
    for operation in operations(document).values():
        assert "security" not in operation
        assert not KEYS & set(operation["responses"])


async def test_every_route_but_the_health_checks_wants_a_key(document: Document) -> None:
    assert set(document["components"]["securitySchemes"]) == {"bearer", "key"}
    for (path, _), operation in operations(document).items():
        assert (set(operation["responses"]) >= KEYS) == (path not in OPEN)
        assert operation.get("security", []) == (
            [] if path in OPEN else [{"bearer": []}, {"key": []}]
        )


@pytest.mark.parametrize("keys", [(), (Secret("k1"),)], ids=["without keys", "with keys"])
async def test_there_are_no_documents_where_a_setting_says_so(
    tmp_path: Path, keys: tuple[Secret, ...]
) -> None:
    async with serving(dummy(tmp_path, docs_enabled=False, api_keys=keys)) as service:
        for path in HIDDEN:
            answer = await service.client.get(path)
            refusal(answer, *((401, "unauthorized") if keys else (404, "not_found")))
            shown = await service.client.get(path, headers={"X-API-Key": "k1"} if keys else {})
            refusal(shown, 404, "not_found")
        assert (await service.client.get("/livez")).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
async def test_the_page_loads_everything_from_here(lasting: Service, path: str) -> None:
    page = await lasting.client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r"""(?:src|href|action)\s*=\s*["']?([^"'\s>]*)""", page.text)
    assert len(addresses) >= 4
    for address in addresses:
        assert address.startswith("/docs/assets/")
        assert (await lasting.client.get(address)).status_code == 200
    assert not re.search(r"(https?:)?//[a-z0-9]", page.text)


async def test_the_assets_load_nothing_from_elsewhere_either(lasting: Service) -> None:
    style = (await lasting.client.get("/docs/assets/swagger-ui.css")).text
    addresses = re.findall(r"url\(([^)]*)\)|@import", style)
    assert all(address.strip("\"'").startswith(("data:", "#")) for address in addresses)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_health_checks_answer_with_and_without_a_body(
    lasting: Service, method: str, path: str
) -> None:
    answer = await lasting.client.request(method, path)
    assert answer.status_code == 200
    assert answer.content == (b'{"status":true}' if method == "GET" else b"")
    assert answer.headers["content-length"] == "15"
