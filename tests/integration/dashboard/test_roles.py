"""Every page with every role. A new page has to be entered here before this passes."""

from collections.abc import Mapping

import httpx
import pytest

from domain.caller import Scope
from domain.user import Role
from entrypoints.http.app import create_app
from tests.integration.dashboard.site import Site, words
from tests.integration.http.test_scopes import routes_of

NEEDED: Mapping[tuple[str, str], Scope] = {
    ("GET", "/dashboard"): Scope.READ,
    ("GET", "/dashboard/messages"): Scope.READ,
    ("GET", "/dashboard/messages/{message_id}"): Scope.READ,
    ("POST", "/dashboard/messages/{message_id}/cancel"): Scope.SEND,
    ("GET", "/dashboard/send"): Scope.SEND,
    ("POST", "/dashboard/send"): Scope.SEND,
    ("POST", "/dashboard/send/count"): Scope.SEND,
    ("GET", "/dashboard/blacklist"): Scope.BLACKLIST,
    ("POST", "/dashboard/blacklist/add"): Scope.BLACKLIST,
    ("POST", "/dashboard/blacklist/remove"): Scope.BLACKLIST,
    ("GET", "/dashboard/blacklist/import"): Scope.BLACKLIST,
    ("POST", "/dashboard/blacklist/import"): Scope.BLACKLIST,
    ("GET", "/dashboard/blacklist/export"): Scope.BLACKLIST,
    ("GET", "/dashboard/providers"): Scope.READ,
    ("POST", "/dashboard/providers/{code}/pause"): Scope.ADMIN,
    ("POST", "/dashboard/providers/{code}/resume"): Scope.ADMIN,
    ("GET", "/dashboard/audit"): Scope.ADMIN,
    ("GET", "/dashboard/keys"): Scope.ADMIN,
    ("POST", "/dashboard/keys/create"): Scope.ADMIN,
    ("POST", "/dashboard/keys/{key_id}/revoke"): Scope.ADMIN,
    ("POST", "/dashboard/keys/{key_id}/rotate"): Scope.ADMIN,
    ("GET", "/dashboard/webhooks"): Scope.ADMIN,
    ("POST", "/dashboard/webhooks/deliveries/{delivery_id}/replay"): Scope.ADMIN,
    ("POST", "/dashboard/webhooks/enable"): Scope.ADMIN,
    ("POST", "/dashboard/webhooks/try"): Scope.ADMIN,
}
OPEN = {
    ("GET", "/dashboard/sign-in"),
    ("POST", "/dashboard/sign-in"),
    ("POST", "/dashboard/sign-out"),
    ("GET", "/dashboard/static/{file_path}"),
    ("HEAD", "/dashboard/static/{file_path}"),
}
ROUTES = sorted(NEEDED)
CHANGES = [route for route in ROUTES if route[0] == "POST"]
_NOBODY = "00000000-0000-7000-8000-000000000000"


def path_of(route: tuple[str, str]) -> str:
    return route[1].format(message_id=_NOBODY, delivery_id=_NOBODY, key_id=_NOBODY, code="nobody")


async def ask(
    client: httpx.AsyncClient, route: tuple[str, str], csrf: str | None, **headers: str
) -> httpx.Response:
    data = None if csrf is None or route[0] == "GET" else {"csrf": csrf}
    return await client.request(route[0], path_of(route), data=data, headers=headers)


def is_page(answer: httpx.Response, status: int) -> str:
    """Check that an answer is a page that nothing can be put into, and return what it says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    return words(answer)


async def test_every_page_is_in_the_table(site: Site) -> None:
    routes = set(routes_of(create_app(site.service.container)))
    assert {route for route in routes if route[1].startswith("/dashboard")} == {*NEEDED, *OPEN}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_a_role_opens_what_it_may(site: Site, route: tuple[str, str], role: Role) -> None:
    browser = site.browsers[role]
    answer = await ask(browser.client, route, browser.csrf)
    if NEEDED[route] in role.scopes or role is Role.ADMIN:
        assert answer.status_code in {200, 303, 400, 404}
        assert "sign-in" not in answer.headers.get("location", "")
    else:
        assert f"signed in as {role}, a {role}, who may not do this" in is_page(answer, 403)


@pytest.mark.parametrize("cookie", [None, "", "x", "__Host-habar=x; habar=y", "habar=\xff"])
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_who_has_not_signed_in_is_asked_to(
    site: Site, route: tuple[str, str], cookie: str | None
) -> None:
    shown = [] if cookie is None else [(b"cookie", f"habar={cookie}".encode("latin-1"))]
    answer = await site.stranger.client.request(route[0], path_of(route), headers=shown)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/dashboard/sign-in")
    assert answer.content == b""


@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "\udcff"])
@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
async def test_a_form_that_is_not_of_the_session_changes_nothing(
    site: Site, route: tuple[str, str], csrf: str | None
) -> None:
    client = site.browsers[Role.ADMIN].client
    content = b"" if csrf is None else b"csrf=" + csrf.encode(errors="surrogateescape")
    answer = await client.post(path_of(route), content=content)
    assert "open its page again" in is_page(answer, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost.evil"])
@pytest.mark.parametrize("route", [*CHANGES, ("POST", "/dashboard/sign-in")], ids=" ".join)
async def test_another_sites_form_changes_nothing(
    site: Site, route: tuple[str, str], origin: str
) -> None:
    browser = site.browsers[Role.ADMIN]
    answer = await ask(browser.client, route, browser.csrf, origin=origin)
    assert "another site" in is_page(answer, 403)


@pytest.mark.parametrize("key", ["k" * 32, "wrong"])
async def test_an_api_key_opens_no_page(site: Site, key: str) -> None:
    headers = {"X-API-Key": key}
    answer = await site.stranger.client.get("/dashboard/messages", headers=headers)
    assert answer.status_code == 303


async def test_a_session_opens_nothing_of_the_api(site: Site) -> None:
    answer = await site.browsers[Role.ADMIN].client.get("/messages")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "path", ["/dashboard/nothing", "/dashboard/static/../routes.py", "/dashboard/static/%2e%2e/x"]
)
async def test_what_is_not_there_is_a_page_that_says_so(site: Site, path: str) -> None:
    answer = await site.browsers[Role.ADMIN].client.get(path)
    assert "There is no such page" in is_page(answer, 404)


@pytest.mark.parametrize("path", ["/dashboard/static/htmx.min.js", "/dashboard/static/NOTICE"])
async def test_what_pages_are_made_of_is_everybodys(site: Site, path: str) -> None:
    answer = await site.stranger.client.get(path)
    assert answer.status_code == 200
    assert "max-age" in answer.headers["cache-control"]
