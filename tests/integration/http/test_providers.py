"""``/providers``: how they are, and taking one out of service."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.http.service import Service, dummy, refusal, serving

FIELDS = {"code", "default", "sms", "voice", "limits", "state", "reason", "until"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    settings = dummy(tmp_path, auth_disabled=True, smscru_rate=5.0)
    async with serving(settings) as service:
        yield service


async def provider(service: Service, code: str = "dummy") -> dict[str, object]:
    rows = (await service.client.get("/providers")).json()["content"]["providers"]
    (found,) = [row for row in rows if row["code"] == code]
    assert found.keys() == FIELDS
    return dict(found)


async def test_the_list_tells_what_each_can_do_and_how_it_is(service: Service) -> None:
    assert await provider(service, "smscru") == {
        "code": "smscru",
        "default": False,
        "sms": True,
        "voice": True,
        "limits": {"concurrency": 100, "rate": 5.0},
        "state": "ok",
        "reason": None,
        "until": None,
    }
    mobizon = await provider(service, "mobizonkz")
    assert (mobizon["voice"], mobizon["limits"]) == (False, {"concurrency": 100, "rate": None})
    assert (await provider(service))["default"] is True


async def test_the_balance_is_told_when_it_is_asked_for(service: Service) -> None:
    answer = await service.client.get("/providers", params={"balance": "true"})
    for row in answer.json()["content"]["providers"]:
        assert row["balance"] == {"amount": "0", "currency": None, "error": None}
    checked = await service.client.post("/providers/smscru/check")
    assert checked.json()["content"]["provider"]["balance"]["error"] is None


async def test_a_paused_provider_is_handed_nothing_until_it_is_resumed(service: Service) -> None:
    answer = await service.client.post("/providers/dummy/pause")
    assert answer.status_code == 200
    told = answer.json()["content"]["provider"]
    assert (told["state"], told["until"]) == ("paused", None)
    assert told["reason"].startswith("paused by ")
    assert await provider(service) == told
    assert (await service.send()).json()["status_code"] == "provider_unavailable"
    resumed = await service.client.post("/providers/dummy/resume")
    assert resumed.json()["content"]["provider"]["state"] == "ok"
    assert (await service.send()).json()["status"] is True


async def test_a_pause_may_have_an_end(service: Service) -> None:
    answer = await service.client.post("/providers/dummy/pause", json={"seconds": 86_400})
    until = datetime.fromisoformat(answer.json()["content"]["provider"]["until"])
    assert timedelta(hours=20) < until - datetime.now(UTC) <= timedelta(hours=24)


async def test_an_open_circuit_is_told_with_its_reason(service: Service) -> None:
    await service.container.states().trip("twilio", 60, "provider_no_money")
    told = await provider(service, "twilio")
    assert (told["state"], told["reason"]) == ("open", "provider_no_money")
    assert told["until"] is not None


async def test_a_provider_that_asks_to_be_left_alone_is_told_as_that(service: Service) -> None:
    await service.container.states().pause("twilio", 60)
    told = await provider(service, "twilio")
    assert told["state"] == "throttled"
    assert told["until"] is not None


@pytest.mark.parametrize("action", ["pause", "resume", "check"])
@pytest.mark.parametrize("code", ["nobody", "%00", "%D0%B6", "x" * 300])
async def test_what_is_not_there_is_404(service: Service, action: str, code: str) -> None:
    refusal(await service.client.post(f"/providers/{code}/{action}"), 404, "provider_not_found")


@pytest.mark.parametrize("seconds", [0, -1, 1e9, "soon", [1], True])
async def test_a_time_that_cannot_be_meant_is_refused(service: Service, seconds: object) -> None:
    answer = await service.client.post("/providers/dummy/pause", json={"seconds": seconds})
    assert refusal(answer, 400, "invalid_request") == ["seconds"]
    assert (await provider(service))["state"] == "ok"


@pytest.mark.parametrize("path", ["dummy/pause", "dummy/resume", "dummy/check"])
async def test_nothing_changes_by_get(service: Service, path: str) -> None:
    refusal(await service.client.get(f"/providers/{path}"), 405, "method_not_allowed")
    assert (await provider(service))["state"] == "ok"
