"""The server process."""

import asyncio
import signal

import uvicorn
import uvloop

from entrypoints.asgi import load_settings
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.life import life
from entrypoints.logs import configure_logs
from entrypoints.settings import Settings


def run(overrides: dict[str, str]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first.

    Args:
        overrides: settings that win over the environment, under the same names.

    Raises:
        SettingsError: with every problem.
    """
    settings = load_settings(overrides)
    configure_logs(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    container = Container(settings=settings)
    async with life(container):
        config = uvicorn.Config(
            create_app(container),
            host=settings.http_host,
            port=settings.http_port,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=round(settings.shutdown_timeout),
        )
        # uvicorn raises the signal that ended it once more; there is still the database to be
        # closed. Until here a signal ends the process at once, as nothing is being served.
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: None)
        await uvicorn.Server(config).serve()
