"""Signing in and out, as browsers do it."""

from pathlib import Path

import pytest

from domain.user import Role
from tests.integration.dashboard.site import (
    PASSWORD,
    Site,
    a_browser,
    a_site,
    words,
)
from tests.integration.http.service import dummy, serving


async def test_a_right_password_leads_to_the_page_that_was_wanted(site_on: Site) -> None:
    browser = site_on.stranger
    refused = await browser.get("/messages?find=77011234567")
    there = refused.headers["location"]
    assert there == "/dashboard/sign-in?back=%2Fdashboard%2Fmessages%3Ffind%3D77011234567"
    form = await browser.client.get(there)
    assert 'value="/dashboard/messages?find=77011234567"' in form.text
    answer = await browser.sign_in("viewer", back="/dashboard/messages?find=77011234567")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/dashboard/messages?find=77011234567"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("habar=")
    assert {"httponly", "path=/", "samesite=lax"} <= set(cookie.split("; "))
    assert "secure" not in cookie
    assert "viewer, viewer" in await browser.read("/messages")


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example",
        "//evil.example",
        "/dashboard/../x\\",
        "/\\evil",
        "/dashboardx",
        "/dashboard/sign-in?back=x",
        "javascript:alert(1)",
        "/dashboard/\r\nSet-Cookie: x=1",
        "",
    ],
)
async def test_nobody_is_led_to_another_site(site: Site, back: str) -> None:
    answer = await site.stranger.client.get("/dashboard/sign-in", params={"back": back})
    assert 'name="back" value="/dashboard"' in answer.text


async def test_a_wrong_password_and_a_wrong_name_are_told_alike_and_kept_apart_in_time(
    tmp_path: Path,
) -> None:
    async with a_site(dummy(tmp_path)) as site:
        pages = []
        for number, name in enumerate(["viewer", "nobody"]):
            async with a_browser(site.service, client=(f"192.0.2.{number}", 1)) as browser:
                answer = await browser.sign_in(name, "not the password")
                assert answer.status_code == 403
                assert "set-cookie" not in answer.headers
                pages.append(words(answer))
                while answer.status_code == 403:
                    answer = await browser.sign_in(name, "not the password")
                assert answer.status_code == 429
                assert int(answer.headers["retry-after"]) in {1, 2}
    assert pages[0] == pages[1]
    assert "Nobody has this name and this password." in pages[0]


async def test_signing_out_ends_the_session_for_every_tab(site_on: Site) -> None:
    browser = site_on.browsers[Role.OPERATOR]
    assert (await browser.get("")).status_code == 200
    secret = browser.client.cookies["habar"]
    answer = await browser.post("/sign-out")
    assert answer.headers["location"] == "/dashboard/sign-in"
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    browser.client.cookies.set("habar", secret)
    assert (await browser.get("")).status_code == 303


async def test_a_page_that_renews_itself_is_told_to_leave_when_its_session_is_over(
    site: Site,
) -> None:
    answer = await site.stranger.get(
        "/messages",
        **{"HX-Request": "true", "HX-Current-URL": "http://localhost/dashboard/messages?find=7"},
    )
    assert answer.status_code == 200
    assert answer.content == b""
    there = "/dashboard/sign-in?back=%2Fdashboard%2Fmessages%3Ffind%3D7"
    assert answer.headers["hx-redirect"] == there


async def test_over_tls_the_cookie_is_of_this_host_and_of_tls_only(tmp_path: Path) -> None:
    settings = dummy(tmp_path, trusted_proxies=("127.0.0.1",))
    async with a_site(settings) as site, a_browser(site.service) as browser:
        browser.client.headers.update(
            {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
        )
        answer = await browser.sign_in("viewer")
        name, *attributes = answer.headers["set-cookie"].lower().split("; ")
        assert name.startswith("__host-habar=")
        assert {"secure", "httponly", "path=/"} <= set(attributes)
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_who_is_no_trusted_proxy_is_not_believed_about_tls(site: Site) -> None:
    headers = {"X-Forwarded-Proto": "https"}
    async with a_browser(site.service, client=("192.0.2.77", 1), headers=headers) as browser:
        answer = await browser.sign_in("admin")
        assert answer.headers["set-cookie"].startswith("habar=")


async def test_this_machine_need_not_sign_in_where_it_needs_no_key(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path)) as service, a_browser(service) as browser:
        assert "Sign out" not in await browser.read("")
        foreign = await browser.get("", host="evil.example")
        assert foreign.status_code == 403
        async with a_browser(service, client=("192.0.2.1", 1)) as other:
            assert (await other.get("")).status_code == 303
        proxied = await browser.get("", **{"X-Forwarded-For": "192.0.2.1"})
        assert proxied.status_code == 303


async def test_the_dashboard_can_be_switched_off(tmp_path: Path) -> None:
    async with serving(dummy(tmp_path, dashboard_enabled=False)) as service:
        answer = await service.client.get("/dashboard")
    assert answer.status_code == 404


async def test_the_password_of_the_settings_lets_admin_in(tmp_path: Path) -> None:
    settings = dummy(tmp_path, dashboard_password=PASSWORD)
    async with serving(settings) as service, a_browser(service) as browser:
        await service.container.manage_users().keep_first(PASSWORD)
        assert (await browser.get("")).status_code == 303
        assert (await browser.sign_in("admin")).status_code == 303
        assert "admin, admin" in await browser.read("/audit")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"name=%ff&password=%ff", b"&" * 500, b"a" * 9])
async def test_garbage_is_a_wrong_password(site: Site, body: bytes) -> None:
    client = ("192.0.2.99", len(body))
    async with a_browser(site.service, client=client) as browser:
        answer = await browser.client.post("/dashboard/sign-in", content=body)
    assert answer.status_code in {400, 403, 429}
