"""``GET /metrics``: what is in it, and who may read it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from entrypoints.http.app import create_app
from entrypoints.settings import Secret
from tests.integration.http.service import HELLO, Service, dummy, refusal, serving

KEY = Secret("k1")
SHOWN = {"X-API-Key": "k1"}


@asynccontextmanager
async def calling(service: Service, role: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(service.container, role=role)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def metrics_of(service: Service) -> str:
    answer = await service.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def test_what_was_sent_is_counted(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path)) as service:
        await service.send()
        await service.send("/call", phones="77011234567")
        shown = await metrics_of(service)
    sms = 'habar_messages_total{channel="sms",provider="dummy",status="delivered"} 2.0'
    call = 'habar_messages_total{channel="call",provider="dummy",status="delivered"} 1.0'
    assert sms in shown
    assert call in shown
    assert 'habar_segments_total{provider="dummy"} 2.0' in shown
    assert 'habar_build_info{database="sqlite"' in shown
    assert "_created" not in shown


async def test_no_number_and_no_text_is_in_it(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path)) as service:
        await service.send()
        shown = await metrics_of(service)
    assert str(HELLO["message"]) not in shown
    assert not re.search(r'="[^"]*\d{7,}', shown)


@pytest.mark.parametrize("role", ["all", "worker"])
@pytest.mark.parametrize("shown", [{}, {"X-API-Key": "wrong"}])
async def test_a_key_is_needed_where_there_are_keys(
    tmp_path: Path, role: str, shown: dict[str, str]
) -> None:
    settings = dummy(tmp_path, api_keys=(KEY,))
    async with serving(settings) as service, calling(service, role) as client:
        refusal(await client.get("/metrics", headers=shown), 401, "unauthorized")
        assert (await client.get("/metrics", headers=SHOWN)).status_code == 200


@pytest.mark.parametrize("role", ["all", "worker"])
async def test_everybody_may_read_them_where_a_setting_says_so(tmp_path: Path, role: str) -> None:
    settings = dummy(tmp_path, api_keys=(KEY,), metrics_open=True)
    async with serving(settings) as service, calling(service, role) as client:
        assert (await client.get("/metrics")).status_code == 200


@pytest.mark.parametrize("role", ["all", "worker"])
async def test_nothing_is_counted_where_a_setting_says_so(tmp_path: Path, role: str) -> None:
    async with serving(dummy(tmp_path, metrics_enabled=False)) as service:
        async with calling(service, role) as client:
            refusal(await client.get("/metrics"), 404, "not_found")
        assert (await service.send()).json()["status"] is True


async def test_nothing_changes_by_reading_them(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path)) as service:
        await service.send()
        counted = [re.sub(r"^habar_database_pool.*$", "", await metrics_of(service)) for _ in "12"]
        refusal(await service.client.post("/metrics"), 405, "method_not_allowed")
    assert counted[0] == counted[1]
