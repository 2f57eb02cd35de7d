"""The real application over a real database, called in this process."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from dependency_injector import providers
from litestar.types import ASGIApp

from adapters.persistence.engines import DatabaseTarget
from application.places import Places
from application.routing import Carrier, Routing
from domain.message import Message
from domain.outcome import SubmitOutcome
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Secret, Settings
from tests.fakes import FixedClock, MemoryBlacklist, MemoryMessages, MemoryOutbox, ScriptedProvider

DOORS = ["", "/"]
"""What is added to ``/sms`` and ``/call``: only the bare paths take the short way."""
HELLO = {"phones": ["77011234567", "77070001234"], "message": "Hello, world!"}
REPRESENTATION = {"Prefer": "return=representation"}
_OUR_CODE = re.compile(r"[a-z][a-z_]+")
_NO_ENGLISH = re.compile(
    r"`|\b(str|int|bool|array|dict|NoneType|null|msgspec|[Ll]itestar|Traceback)\b"
)


@dataclass(frozen=True, slots=True)
class Service:
    """A gateway, and a client that speaks to it."""

    container: Container
    app: ASGIApp
    client: httpx.AsyncClient

    async def send(self, path: str = "/sms", **fields: Any) -> httpx.Response:  # noqa: ANN401 - JSON
        """Post the documented example with some fields changed, and ask what became of it."""
        return await self.client.post(path, json={**HELLO, **fields}, headers=REPRESENTATION)


@asynccontextmanager
async def serving(settings: Settings, **ports: object) -> AsyncIterator[Service]:
    """Run a gateway for as long as the block lasts.

    Args:
        settings: complete.
        ports: what takes the place of the container's own adapters, by their names there.
    """
    container = Container(settings=settings)
    for name, port in ports.items():
        getattr(container, name).override(providers.Object(port))
    await container.storage().open()
    await container.queue().open()
    app = create_app(container)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Service(container, app, client)
    await container.carriers().close()
    await container.queue().close()
    await container.storage().close()


def told(answer: httpx.Response) -> dict[str, str]:
    """Return its headers; each request has an id of its own."""
    return {name: text for name, text in answer.headers.items() if name != "x-request-id"}


def dummy(folder: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    """Settings of a gateway that sends nothing."""
    url = Secret(f"sqlite:///{folder}/habar.db")
    return Settings(sms_dummy=True, database_url=url, data_dir=str(folder), **more)


def dummy_on(target: DatabaseTarget) -> Settings:
    """Settings of a gateway that sends nothing, on this database."""
    url = target.url.set(drivername=target.url.get_backend_name())
    return Settings(sms_dummy=True, database_url=Secret(url.render_as_string(hide_password=False)))


class HeldProvider(ScriptedProvider):
    """A provider that answers when its gate is opened.

    Attributes:
        begun: it has a message.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate.clear()
        self.begun = asyncio.Event()

    async def submit(self, message: Message) -> SubmitOutcome:
        self.begun.set()
        return await super().submit(message)


def through(provider: ScriptedProvider, concurrency: int = 4, *, code: str = "smscru") -> Routing:
    """Make a routing that knows one provider."""
    places = Places(concurrency)
    carrier = Carrier(code=code, timeout_s=30, places=places, sms=provider, voice=provider)
    return Routing({code: carrier}, code)


def in_memory(outbox: MemoryOutbox, clock: FixedClock) -> dict[str, object]:
    """Ports whose data a test can look at and change."""
    return {
        "outbox": outbox,
        "messages": MemoryMessages(outbox),
        "blacklist": MemoryBlacklist(keys=outbox.keys),
        "keys": outbox.keys,
        "clock": clock,
    }


def refusal(response: httpx.Response, status: int, code: str) -> list[str]:
    """Check that an answer is an error as every one of them must look.

    Returns:
        The fields it names.
    """
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    envelope = response.json()
    assert list(envelope)[:3] == ["status", "status_code", "message"]
    assert set(envelope) <= {"status", "status_code", "message", "errors"}
    assert envelope["status"] is False
    assert envelope["status_code"] == code
    assert _OUR_CODE.fullmatch(code)
    errors = envelope.get("errors", [])
    assert errors or "errors" not in envelope
    for problem in errors:
        assert set(problem) == {"field", "message"}
        assert problem["field"]
    for sentence in (envelope["message"], *(problem["message"] for problem in errors)):
        assert len(sentence) >= 10
        assert sentence.endswith(".")
        assert not _NO_ENGLISH.search(sentence)
    return [problem["field"] for problem in errors]
