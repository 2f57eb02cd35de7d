"""How the simulator's own handlers answer."""

from collections.abc import Callable, Coroutine

import msgspec
from aiohttp import web

Handler = Callable[[web.Request], Coroutine[None, None, web.Response]]


def checked(handler: Handler) -> Handler:
    """Answer a wrong order with 400 and the reason."""

    async def answered(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except (ValueError, RecursionError) as error:
            return as_json({"error": str(error)}, status=400)

    return answered


def as_json(content: object, status: int = 200) -> web.Response:
    """Return anything that msgspec can write."""
    body = msgspec.json.encode(content)
    return web.Response(body=body, status=status, content_type="application/json")
