"""Every change leaves an entry that says who made it; what cannot be audited is refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from adapters.persistence.engines import DatabaseTarget
from application.ports.opt_outs import OptOut
from domain.blacklist import BlacklistEntry
from domain.phone import Phone
from entrypoints.settings import Secret
from tests.fakes.audit import MemoryAuditLog
from tests.integration.http.service import DOORS, HELLO, Service, dummy_on, refusal, serving

PHONE = "77011234567"
KEY = "0123456789abcdef0123456789abcdef"
URL = "https://shop.example/hooks"
ASYNC = {"Prefer": "respond-async, return=representation"}
CHANGES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("POST", "/blacklist", {"phone": PHONE}, "blacklist.added", PHONE),
    ("DELETE", "/blacklist", {"phone": f"+{PHONE}"}, "blacklist.removed", PHONE),
    ("POST", "/providers/dummy/pause", {"seconds": 60}, "provider.paused", "dummy"),
    ("POST", "/providers/dummy/resume", {}, "provider.resumed", "dummy"),
    ("POST", "/webhooks/endpoints/enable", {"url": URL}, "endpoint.enabled", URL),
    ("POST", "/webhooks/replay", {"since": "2026-01-01T00:00:00Z"}, "webhook.replayed", ""),
]


@pytest.fixture
async def service(target: DatabaseTarget) -> AsyncIterator[Service]:
    """A gateway with a key, on either database."""
    settings = dummy_on(target)
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    keyed = type(settings)(**{**values, "api_keys": (Secret(KEY),)})
    async with serving(keyed) as service:
        service.client.headers["X-API-Key"] = KEY
        yield service


@pytest.fixture
async def away(service: Service) -> Service:
    """The same, but the audit log cannot be written."""
    log = MemoryAuditLog()
    log.away = True
    service.container.audit()._log = log  # noqa: SLF001 - the one place where it can fail alone
    return service


async def entries(service: Service, **query: object) -> list[dict[str, Any]]:
    answer = await service.client.get("/audit", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: list[dict[str, Any]] = answer.json()["content"]["entries"]
    return found


async def on_the_list(service: Service) -> None:
    """Put the phone there, without an entry in the log."""
    entry = BlacklistEntry(Phone(f"+{PHONE}"), datetime.now(UTC))
    await service.container.blacklist().add(entry)


@pytest.mark.parametrize(("method", "path", "body", "action", "subject"), CHANGES)
async def test_a_change_leaves_one_entry_that_says_by_whom(  # noqa: PLR0913, PLR0917 - see CHANGES
    service: Service, method: str, path: str, body: dict[str, Any], action: str, subject: str
) -> None:
    if method == "DELETE":
        await on_the_list(service)
    answer = await service.client.request(method, path, json=body)
    assert answer.is_success, answer.text
    (entry,) = await entries(service, action=action)
    assert entry["subject"] == subject
    assert entry["account"]
    assert entry["actor"] not in {"", "habar", "anonymous"}
    assert entry["address"] == "127.0.0.1"
    assert KEY not in str(entry)
    assert entry["at"].endswith("Z")


@pytest.mark.parametrize(("method", "path", "body", "action", "subject"), CHANGES)
async def test_what_cannot_be_audited_is_refused_and_not_done(  # noqa: PLR0913, PLR0917 - as above
    away: Service, method: str, path: str, body: dict[str, Any], action: str, subject: str
) -> None:
    del action, subject
    if method == "DELETE":
        await on_the_list(away)
    answer = await away.client.request(method, path, json=body)
    refusal(answer, 503, "storage_unavailable")
    lookup = await away.client.get("/blacklist", params={"phone": PHONE})
    if method == "DELETE":
        assert lookup.status_code == 200
    else:
        refusal(lookup, 400, "not_blacklisted")
    assert (await entries(away)) == []


@pytest.mark.parametrize("door", DOORS)
async def test_a_forced_request_is_one_entry_whatever_it_names(service: Service, door: str) -> None:
    answer = await service.send(f"/sms{door}", force=True)
    (entry,) = await entries(service)
    assert entry["action"] == "message.forced"
    assert entry["subject"] == answer.json()["content"]["request_id"]
    assert entry["detail"] == "sms to 2 phones"
    assert entry["account"]


async def test_a_send_that_is_not_forced_or_not_real_leaves_no_entry(service: Service) -> None:
    await service.send()
    await service.send(force=True, dry_run=True)
    assert await entries(service) == []


async def test_a_forced_request_that_is_repeated_is_one_entry(service: Service) -> None:
    for _ in range(3):
        answer = await service.client.post(
            "/sms", json={**HELLO, "force": True}, headers={"Idempotency-Key": "order-17"}
        )
        assert answer.status_code == 200
    assert len(await entries(service)) == 1


async def test_a_forced_request_that_cannot_be_audited_is_not_sent(away: Service) -> None:
    answer = await away.client.post("/sms", json={**HELLO, "force": True})
    refusal(answer, 503, "storage_unavailable")
    messages = (await away.client.get("/messages")).json()["content"]["messages"]
    assert messages == []


async def test_a_cancel_leaves_an_entry(service: Service) -> None:
    body = {**HELLO, "phones": PHONE, "delay": 3600}
    answer = await service.client.post("/sms", json=body, headers=ASYNC)
    (row,) = answer.json()["content"]["messages"]
    canceled = await service.client.post(f"/messages/{row['id']}/cancel")
    assert canceled.status_code == 200
    found = await service.client.get(f"/messages/{row['id']}")
    assert canceled.json()["content"] == found.json()["content"]
    assert (await service.client.post(f"/messages/{row['id']}/cancel")).status_code == 200
    (entry,) = await entries(service)
    assert (entry["action"], entry["subject"]) == ("message.canceled", row["id"])


async def test_an_import_leaves_one_entry_with_the_count(service: Service) -> None:
    path, csv = "/blacklist/import", b"phone\n77011234567\n77011234568\n"
    for query in ("?dry_run=true", ""):
        headers = {"Content-Type": "text/csv"}
        answer = await service.client.post(path + query, content=csv, headers=headers)
        assert answer.status_code == 200, answer.text
    (entry,) = await entries(service)
    assert (entry["action"], entry["detail"]) == ("blacklist.imported", "2 lines")


async def test_what_is_refused_at_once_leaves_no_entry(service: Service) -> None:
    for path, body in (
        ("/blacklist", {"phone": "abc"}),
        ("/blacklist", {"phone": PHONE, "expires_at": "2020-01-01T00:00:00Z"}),
        ("/sms", {**HELLO, "phones": ["abc"], "force": True}),
        (f"/messages/{uuid4()}/cancel", {}),
        ("/providers/nobody/pause", {}),
    ):
        assert (await service.client.post(path, json=body)).status_code in {400, 404}
    assert await entries(service) == []


async def test_what_came_to_nothing_leaves_no_entry(service: Service) -> None:
    sent = (await service.send()).json()["content"]["messages"][0]["id"]
    for method, path, status in (
        ("POST", f"/messages/{sent}/cancel", 409),
        ("POST", f"/webhooks/deliveries/{uuid4()}/replay", 404),
        ("DELETE", f"/blacklist?phone={PHONE}", 200),
    ):
        answer = await service.client.request(method, path)
        assert answer.status_code == status, answer.text
    assert await entries(service) == []


async def test_the_removal_of_an_opt_out_leaves_an_entry(service: Service) -> None:
    opt_out = OptOut(
        phone=Phone(f"+{PHONE}"), provider="twilio", sender=None, created_at=datetime.now(UTC)
    )
    await service.container.opt_outs().add(opt_out)
    for _ in range(2):
        answer = await service.client.request("DELETE", f"/blacklist?phone={PHONE}")
        assert answer.status_code == 200
    (entry,) = await entries(service)
    assert (entry["action"], entry["subject"]) == ("blacklist.removed", PHONE)


async def test_the_log_is_searched_and_comes_page_by_page(service: Service) -> None:
    for number in range(5):
        await service.client.post("/blacklist", json={"phone": f"7701123456{number}"})
    first_phone = "77011234560"
    await service.client.request("DELETE", "/blacklist", json={"phone": first_phone})
    assert len(await entries(service, action="blacklist.added")) == 5
    assert len(await entries(service, subject=first_phone)) == 2
    assert await entries(service, actor="nobody") == []
    assert await entries(service, until="2020-01-01T00:00:00Z") == []
    first = (await service.client.get("/audit", params={"limit": 4})).json()["content"]
    rest = await entries(service, cursor=first["next_cursor"])
    subjects = [entry["subject"] for entry in (*first["entries"], *rest)]
    assert subjects == [first_phone, *(f"7701123456{number}" for number in reversed(range(5)))]


@pytest.mark.parametrize(
    "query",
    ["action=none", "since=yesterday", "cursor=1", "limit=0", "limit=1001"],
)
async def test_what_no_entry_can_have_is_refused(service: Service, query: str) -> None:
    refusal(await service.client.get(f"/audit?{query}"), 400, "invalid_request")


@pytest.mark.parametrize("query", ["actor=%00", "subject=%00", "actor=" + "x" * 5000])
async def test_any_name_may_be_looked_for(service: Service, query: str) -> None:
    assert (await service.client.get(f"/audit?{query}")).status_code == 200
