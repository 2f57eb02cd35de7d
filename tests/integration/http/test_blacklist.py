"""``/blacklist``: a JSON body or ``?phone=``."""

import re

import pytest

from tests.integration.http.service import Service, dummy, refusal, serving

PHONE = "77011234567"
OTHER = "77070001234"


async def listed(service: Service, phone: str) -> bool:
    answer = await service.client.get("/blacklist", params={"phone": phone})
    if answer.status_code == 200:
        return True
    refusal(answer, 400, "not_blacklisted")
    return False


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_phone_in_the_query_wins_over_one_in_the_body(
    service: Service, method: str
) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    answer = await service.client.request(
        method, "/blacklist", params={"phone": PHONE}, json={"phone": OTHER}
    )
    assert answer.status_code == 200
    assert await listed(service, PHONE) == (method == "GET")


@pytest.mark.parametrize(
    "query", ["77011234567", "+77011234567", "%2B77011234567", "7701-123-45-67"]
)
async def test_a_phone_in_the_query_may_have_a_plus_and_separators(
    service: Service, query: str
) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    found = await service.client.get(f"/blacklist?phone={query}")
    assert found.json()["content"]["blacklist"]["phone"] == PHONE
    assert (await service.client.delete(f"/blacklist?phone={query}")).status_code == 200
    assert not await listed(service, PHONE)


async def test_a_plus_in_the_query_still_tells_an_international_number(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = dummy(tmp_path_factory.mktemp("habar"), default_region="KZ")
    async with serving(settings) as service:
        await service.client.post("/blacklist", json={"phone": "+8205551234"})
        found = await service.client.get("/blacklist?phone=+8205551234")
        assert found.json()["content"]["blacklist"]["phone"] == "8205551234"


@pytest.mark.parametrize(
    "written", [PHONE, f"+{PHONE}", int(PHONE), "+7 (701) 123-45.67"], ids=repr
)
async def test_a_phone_is_the_same_however_it_is_written(
    service: Service, written: str | int
) -> None:
    await service.client.post("/blacklist", json={"phone": written})
    assert await listed(service, PHONE)
    await service.client.request("DELETE", "/blacklist", json={"phone": written})
    assert not await listed(service, PHONE)


async def test_the_date_is_written_as_documented(service: Service) -> None:
    await service.client.post("/blacklist", json={"phone": PHONE})
    entry = (await service.client.get(f"/blacklist?phone={PHONE}")).json()["content"]["blacklist"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", entry["created_at"])


async def test_no_cache_keeps_what_is_on_the_list(service: Service) -> None:
    absent = await service.client.get(f"/blacklist?phone={PHONE}")
    await service.client.post("/blacklist", json={"phone": PHONE})
    present = await service.client.get(f"/blacklist?phone={PHONE}")
    assert absent.headers["cache-control"] == present.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_without_a_phone_the_answer_says_where_to_put_it(
    service: Service, method: str
) -> None:
    answer = await service.client.request(method, "/blacklist")
    refusal(answer, 400, "missing_phone")
    assert "?phone=" in answer.json()["message"]


BAD_PHONES = ["", " ", "+", "abc", "0", "7701", "7" * 16, "%FF", "%00", "7701123456%D9%A7"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("query", BAD_PHONES)
async def test_a_bad_phone_in_the_query_is_refused(
    lasting: Service, method: str, query: str
) -> None:
    answer = await lasting.client.request(method, f"/blacklist?phone={query}")
    refusal(answer, 400, "invalid_phone")


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        (b"{", "malformed_json", []),
        (b'{"phone":"\xff"}', "malformed_json", []),
        (b'{"phone":"\\ud800"}', "malformed_json", []),
        (b"[" * 100_000, "invalid_request", []),
        (b'{"a":' * 100_000, "malformed_json", []),
        (b"{}", "invalid_request", ["phone"]),
        (b"[]", "invalid_request", []),
        (b'{"phone":true}', "invalid_request", ["phone"]),
        (b'{"phone":null}', "invalid_request", ["phone"]),
        (b'{"phone":["77011234567"]}', "invalid_request", ["phone"]),
        (b'{"phone":1.5}', "invalid_request", ["phone"]),
        (b'{"phone":-77011234567}', "invalid_request", ["phone"]),
        (b'{"phone":1e400}', "invalid_request", ["phone"]),
        (b'{"phone":%s}' % (b"7" * 5000), "invalid_request", ["phone"]),
        (b'{"phone":"\\u0000"}', "invalid_phone", []),
        (b'{"phone":""}', "invalid_phone", []),
        (b'{"phone":"abc"}', "invalid_phone", []),
        (b'{"phone":7}', "invalid_phone", []),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_bad_body_is_refused(
    lasting: Service, method: str, body: bytes, code: str, fields: list[str]
) -> None:
    answer = await lasting.client.request(method, "/blacklist", content=body)
    assert refusal(answer, 400, code) == fields


async def test_a_compressed_body_is_refused(lasting: Service) -> None:
    for method in ("POST", "GET", "DELETE"):
        answer = await lasting.client.request(
            method, "/blacklist", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}
        )
        refusal(answer, 415, "unsupported_encoding")


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_a_body_that_is_too_large_is_refused(lasting: Service, method: str) -> None:
    answer = await lasting.client.request(method, "/blacklist", content=b" " * 4_000_001)
    refusal(answer, 413, "body_too_large")
