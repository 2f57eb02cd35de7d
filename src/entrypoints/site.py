"""A small server for development: the simulator, the receiver of webhooks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

SHUTDOWN_S = 1.0
_BACKLOG = 1_024


@asynccontextmanager
async def site(
    app: web.Application,
    host: str = "127.0.0.1",
    port: int = 0,
    **options: Any,  # noqa: ANN401 - whatever a runner takes
) -> AsyncIterator[str]:
    """Listen as long as the block lasts; yields the address. Port 0 takes a free one."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, **options)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        bound_host, bound_port = runner.addresses[0][:2]
        name = f"[{bound_host}]" if ":" in bound_host else bound_host
        yield f"http://{name}:{bound_port}"
    finally:
        await runner.cleanup()
