"""A dashboard with a user of each role, and the browsers they sit at."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
import msgspec

from application.sign_in import csrf_of
from domain.user import Role
from entrypoints.settings import Secret, Settings
from tests.integration.http.service import Service, serving

PASSWORD = "four plain words together"
_TAG = re.compile(r"<[^>]+>|<(script|style).*?</\1>", re.DOTALL)


class Browser:
    """What somebody sits at who has signed in; follows no redirect."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def get(self, address: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(f"/dashboard{address}", headers=headers)

    async def post(self, address: str, **fields: str) -> httpx.Response:
        """Send a form of a page that was opened before."""
        return await self.client.post(f"/dashboard{address}", data={"csrf": self.csrf, **fields})

    async def read(self, address: str) -> str:
        """Open a page, and return what it says."""
        answer = await self.get(address)
        assert answer.status_code == 200, answer.text
        return words(answer)

    async def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        """Show a password."""
        form = {"name": name, "password": password, **fields}
        return await self.client.post("/dashboard/sign-in", data=form)


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway, and somebody of each role in front of it."""

    service: Service
    browsers: Mapping[Role, Browser]
    stranger: Browser


def words(answer: httpx.Response) -> str:
    """Return what a page says, without its marks."""
    return " ".join(unescape(_TAG.sub(" ", answer.text)).split())


def asking(settings: Settings) -> Settings:
    """Return settings under which this machine, too, needs a key or a password."""
    return msgspec.structs.replace(settings, api_keys=(Secret("k" * 32),))


@asynccontextmanager
async def a_browser(service: Service, **options: Any) -> AsyncIterator[Browser]:  # noqa: ANN401
    """Sit down at a browser nobody has signed in at."""
    chosen: dict[str, Any] = {"base_url": "http://localhost", **options}
    transport = httpx.ASGITransport(
        app=service.app,  # type: ignore[arg-type] # Litestar types the same protocol otherwise
        raise_app_exceptions=False,
        client=chosen.pop("client", ("127.0.0.1", 4711)),
    )
    async with httpx.AsyncClient(transport=transport, **chosen) as client:
        yield Browser(client)


@asynccontextmanager
async def a_site(settings: Settings) -> AsyncIterator[Site]:
    """Run a dashboard for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(serving(asking(settings)))
        browsers = {}
        for role in Role:
            browsers[role] = await stack.enter_async_context(a_browser(service))
            await _let_in(service, role, browsers[role])
        stranger = await stack.enter_async_context(a_browser(service))
        yield Site(service, browsers, stranger)


async def _let_in(service: Service, role: Role, browser: Browser) -> None:
    await service.container.manage_users().create(role.value, role, PASSWORD)
    secret = await service.container.sign_in()(role.value, PASSWORD, address=f"the {role}'s")
    browser.client.cookies.set("habar", secret)
    browser.csrf = csrf_of(secret)
