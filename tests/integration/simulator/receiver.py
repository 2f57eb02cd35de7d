"""What stands where the gateway would: it writes down what is posted, and answers as it is told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from entrypoints.site import site


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    def form(self, charset: str = "utf-8") -> dict[str, str]:
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, encoding=charset)
        return dict(pairs)

    def json(self) -> Any:  # noqa: ANN401 - whatever came
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Attributes:
    statuses: of the next answers, the last for all that come after; 0: reset the connection.
    """

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append(Received(request.raw_path, dict(request.headers), body))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status or 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    async with site(app) as receiver.url:
        yield receiver
