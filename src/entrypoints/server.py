"""The server process."""

import asyncio
import logging
import signal
import socket
import sys
from types import FrameType

import uvicorn
import uvloop

from application.background import Background
from entrypoints.asgi import load_settings
from entrypoints.connections import PatientProtocol
from entrypoints.container import Container
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.app import WORKER, create_app
from entrypoints.life import life
from entrypoints.logs import configure_logs
from entrypoints.settings import Settings

_log = logging.getLogger(__name__)
_SWITCH_S = 0.001
"""How long a thread may keep another one waiting.

With Python's own 5 ms the database's thread, which lets go at every row, and the event loop hold
each other up under load.
"""
_ANSWERED_SHARE = 0.85
"""After this share of the time to stop, connections are closed whoever is still waiting."""


class _Server(uvicorn.Server):
    """A server that tells everybody at once that it is asked to stop, and people where to look."""

    def __init__(self, config: uvicorn.Config, background: Background, *, pages: bool) -> None:
        super().__init__(config)
        self._background = background
        self._pages = pages

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where the pages are."""
        await super().startup(sockets)
        if self._pages and self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            named = f"[{host}]" if ":" in host else host
            _log.info("the dashboard is at http://%s:%d%s", named, port, ROOT)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop accepting, and begin nothing new."""
        # A signal may come in the middle of anything: it is acted on when that is done.
        asyncio.get_running_loop().call_soon_threadsafe(self._background.stop)
        super().handle_exit(sig, frame)


def run(overrides: dict[str, str]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first.

    Args:
        overrides: settings that win over the environment, under the same names.

    Raises:
        SettingsError: with every problem.
    """
    settings = load_settings(overrides)
    sys.setswitchinterval(_SWITCH_S)
    configure_logs(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    container = Container(settings=settings)
    async with life(container):
        config = uvicorn.Config(
            create_app(container, role=settings.habar_role),
            host=settings.http_host,
            port=settings.http_port,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=max(1, round(settings.shutdown_timeout * _ANSWERED_SHARE)),
        )
        # uvicorn raises the signal that ended it once more; there is still the database to be
        # closed. Until here a signal ends the process at once, as nothing is being served.
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: None)
        pages = settings.dashboard_enabled and settings.habar_role != WORKER
        await _Server(config, container.background(), pages=pages).serve()
