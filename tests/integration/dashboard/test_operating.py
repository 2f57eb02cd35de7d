"""Keys, webhooks, lists and figures on the dashboard."""

import json
import re
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from adapters.webhooks.signature import is_signed, read_secret
from application.ports.balances import Sample
from application.rollup import Rollup
from domain.lookup import Balance
from domain.user import Role
from entrypoints.settings import Secret
from entrypoints.site import site as serving_site
from tests.integration.dashboard.site import Browser, Site, a_site, words
from tests.integration.http.service import HELLO, dummy

KEY = {"X-API-Key": "k" * 32}
PHONE = "77011234567"
SIGNING = Secret("whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0")
TOLD = "https://shop.example.kz/told?token=abc"


async def upload(browser: Browser, name: str, content: bytes, **fields: str) -> httpx.Response:
    return await browser.client.post(
        "/dashboard/blacklist/import",
        data={"csrf": browser.csrf, **fields},
        files={"list": (name, content)},
    )


async def test_a_key_is_made_shown_once_replaced_and_revoked(site_on: Site) -> None:
    admin = site_on.browsers[Role.ADMIN]
    fields = {"name": "shop", "scope-send": "on", "networks": "10.0.0.0/8, 127.0.0.1"}
    made = await admin.post("/keys/create", **fields)
    found = re.search(r"hbr_[\w-]{43}", made.text)
    assert found
    key = found[0]
    assert made.headers["cache-control"] == "no-store"
    await site_on.service.container.key_ring().refresh()
    sent = await site_on.service.client.post("/sms", json=HELLO, headers={"X-API-Key": key})
    assert sent.json() == {"status": True}
    page = await admin.get("/keys")
    assert key not in page.text
    assert f"shop {key[:12]} send active for good 10.0.0.0/8, 127.0.0.1/32" in words(page)
    rotate = re.search(r"/dashboard(/keys/[0-9a-f]{32}/rotate)", page.text)
    assert rotate
    replaced = await admin.post(rotate[1])
    another = re.search(r"hbr_[\w-]{43}", replaced.text)
    assert another
    assert another[0] != key
    await admin.post(rotate[1].replace("rotate", "revoke"))
    assert "revoked" in await admin.read("/keys")
    assert (await admin.post(rotate[1])).status_code == 400
    audit = await admin.read("/audit?actor=admin")
    for action in ("key.created", "key.rotated", "key.revoked"):
        assert action in audit


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "", "scope-send": "on"}, "name of a key"),
        ({"name": "shop"}, "needs a scope"),
        ({"name": "shop", "scope-send": "on", "networks": "x"}, "Networks look like"),
        ({"name": "shop", "scope-send": "on", "expires_at": "2020-01-01T00:00"}, "have expired"),
    ],
)
async def test_a_key_that_cannot_be_is_told_beside_what_was_typed(
    site: Site, fields: dict[str, str], sentence: str
) -> None:
    answer = await site.browsers[Role.ADMIN].post("/keys/create", **fields)
    assert answer.status_code == 400
    assert sentence in words(answer)


@pytest.mark.parametrize("name", ["nonsense", "0" * 32])
async def test_a_key_that_is_not_there_is_not_changed(site: Site, name: str) -> None:
    answer = await site.browsers[Role.ADMIN].post(f"/keys/{name}/revoke")
    assert answer.status_code in {400, 404}


async def test_what_was_told_is_seen_and_told_again(tmp_path: Path) -> None:
    settings = dummy(tmp_path, webhook_urls=(Secret(TOLD),), webhook_secrets=(SIGNING,))
    async with a_site(settings) as site:
        await site.service.client.post("/sms", json={**HELLO, "phones": PHONE}, headers=KEY)
        admin = site.browsers[Role.ADMIN]
        page = await admin.read("/webhooks")
        assert f"{TOLD} active" in page
        viewer = await site.browsers[Role.VIEWER].get("/webhooks")
        assert viewer.status_code == 403
        assert (await admin.post("/webhooks/enable", url=TOLD)).status_code == 303
        assert (await admin.post("/webhooks/enable", url="https://x.example")).status_code == 404


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(200, "it answered 200; all is well"), (500, "answered 500 Internal Server Error")],
)
async def test_an_address_is_tried(tmp_path: Path, status: int, sentence: str) -> None:
    heard: list[dict[str, Any]] = []

    async def listen(request: web.Request) -> web.Response:
        signed = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        assert is_signed([read_secret(SIGNING)], signed, body, now=time.time())
        heard.append(json.loads(body))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/told", listen)
    async with serving_site(app) as receiver:
        url = f"{receiver}/told"
        settings = dummy(
            tmp_path,
            webhook_urls=(Secret(url),),
            webhook_secrets=(SIGNING,),
            webhook_allow_private=True,
        )
        async with a_site(settings) as site:
            admin = site.browsers[Role.ADMIN]
            assert sentence in words(await admin.post("/webhooks/try", url=url))
            assert (await admin.post("/webhooks/try", url=f"{url}x")).status_code == 404
            assert "Nothing like that." in await admin.read("/webhooks")
    assert [event["type"] for event in heard] == ["habar.trial"]


@pytest.mark.parametrize(
    "query", ["", "?status=failed", "?status=x", "?message=x", f"?message={'0' * 32}", "?before=x"]
)
async def test_webhooks_can_be_looked_through(site: Site, query: str) -> None:
    assert "Nothing like that." in await site.browsers[Role.ADMIN].read(f"/webhooks{query}")


async def test_a_list_is_checked_imported_and_exported(site_on: Site) -> None:
    operator = site_on.browsers[Role.OPERATOR]
    content = b"phone,reason\r\n" + b"".join(
        b"7701%07d,asked\r\n" % number for number in range(1_000)
    )
    checked = await upload(operator, "list.csv", content, check="yes")
    assert "1000 lines: 1000 would be added" in words(checked)
    assert "Nobody is on the blacklist." in await operator.read("/blacklist")
    done = await upload(operator, "list.csv", content, **{"import": "yes"})
    assert "Done. 1000 lines: 1000 added, 0 there already" in words(done)
    export = await operator.get("/blacklist/export")
    assert export.headers["content-disposition"] == 'attachment; filename="blacklist.csv"'
    assert export.text.count("\r\n") == 1_001
    assert "blacklist.imported" in await site_on.browsers[Role.ADMIN].read("/audit")


async def test_bad_lines_are_shown_and_nothing_is_imported(site_on: Site) -> None:
    operator = site_on.browsers[Role.OPERATOR]
    content = b"phone\r\n77011234567\r\n123\r\n<script>\r\n"
    for check in ({"check": "yes"}, {"import": "yes"}):
        page = await upload(operator, "list.csv", content, **check)
        assert page.status_code == 400
        assert "2 of 3 lines are no entries" in words(page)
        assert "line 3" in words(page)
        assert "<script>\r" not in page.text
    assert "Nobody is on the blacklist." in await operator.read("/blacklist")
    kept = await upload(operator, "list.csv", content, keep_good="on", **{"import": "yes"})
    assert "1 added, 0 there already, 0 over by now, 2 bad" in words(kept)


@pytest.mark.parametrize(
    ("name", "content"),
    [("", b""), ("list.csv", b""), ("list.csv", b"\xff\xfe\x00"), ("list.ndjson", b"{")],
)
async def test_what_is_no_list_is_told_so(site: Site, name: str, content: bytes) -> None:
    answer = await upload(site.browsers[Role.OPERATOR], name, content)
    assert answer.status_code in {200, 400}
    assert "internal" not in answer.text


async def test_ndjson_is_taken_by_its_name(site_on: Site) -> None:
    operator = site_on.browsers[Role.OPERATOR]
    page = await upload(operator, "list.ndjson", b'{"phone": "77011234567"}\n')
    assert "1 added" in words(page)


async def test_a_list_of_another_session_is_not_taken(site: Site) -> None:
    operator = site.browsers[Role.OPERATOR]
    answer = await operator.client.post(
        "/dashboard/blacklist/import", data={"csrf": "x"}, files={"list": ("list.csv", b"phone\n")}
    )
    assert answer.status_code == 403


async def test_the_overview_tells_what_was_sent(site_on: Site) -> None:
    await site_on.service.client.post("/sms", json=HELLO, headers=KEY)
    container = site_on.service.container
    await Rollup(container.counters(), container.clock()).once()
    viewer = site_on.browsers[Role.VIEWER]
    for span in ("hour", "day", "week", "nonsense"):
        page = await viewer.read(f"?span={span}")
        assert "2 sent, 2 delivered, 0 failed, 0 unknown." in page
        assert "100.0 %" in page


async def test_the_overview_tells_how_long_the_money_lasts(site_on: Site) -> None:
    container = site_on.service.container
    log, now = container.balance_log(), container.clock().now()
    for hours, amount in ((10, 120), (5, 60), (0, 20)):
        said = Balance(Decimal(amount), "RUB")
        await log.add(Sample("dummy", now - timedelta(hours=hours), said))
    page = await site_on.browsers[Role.VIEWER].read("")
    assert "20 RUB, empty in about 2 h" in page
    assert "dummy will have no money left in about 2 h." in page
