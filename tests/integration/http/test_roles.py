"""What a process answers that only sends."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from entrypoints.http.app import create_app
from entrypoints.settings import Secret
from tests.integration.http.service import dummy, refusal, serving

ELSEWHERE = [
    ("POST", "/sms"),
    ("POST", "/sms/"),
    ("POST", "/call"),
    ("GET", "/blacklist"),
    ("GET", "/messages"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/"),
]


@pytest.fixture(params=[(), (Secret("k1"),)], ids=["without keys", "with keys"])
async def worker(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(dummy(tmp_path, api_keys=request.param)) as service:
        app = create_app(service.container, role="worker")
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        headers = {"X-API-Key": request.param[0]} if request.param else {}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            yield client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_worker_tells_of_its_health(
    worker: httpx.AsyncClient, method: str, path: str
) -> None:
    assert (await worker.request(method, path)).status_code == 200


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
async def test_a_worker_has_nothing_else(worker: httpx.AsyncClient, method: str, path: str) -> None:
    refusal(await worker.request(method, path), 404, "not_found")
