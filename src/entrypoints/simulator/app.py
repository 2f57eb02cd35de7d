"""The four providers on one port, for tests inside the process and for the command line."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import uvloop
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from entrypoints.simulator.accounts import SimulatorSettings
from entrypoints.simulator.control import Control
from entrypoints.simulator.control_callbacks import CallbackControl
from entrypoints.simulator.form import read_form
from entrypoints.simulator.misbehave import Exchange, serve
from entrypoints.simulator.simulator import Simulator
from entrypoints.simulator.wire import Arrival, Wire
from entrypoints.site import site

SIMULATOR = web.AppKey("simulator", Simulator)
_log = logging.getLogger("habar.simulator")


def create_simulator(settings: SimulatorSettings | None = None) -> web.Application:
    """Build the application; ``app[SIMULATOR]`` holds its log, states, faults and counts."""
    simulator = Simulator.of(settings or SimulatorSettings())
    app = web.Application()
    app[SIMULATOR] = simulator
    app.add_routes([*Control(simulator).routes(), *CallbackControl(simulator).routes()])
    for path, wire in simulator.wires().items():
        app.router.add_route("*", path, _handler(simulator, wire))

    async def let_go(_: web.Application) -> None:
        simulator.closing.set()

    async def close(_: web.Application) -> None:
        await simulator.reporter.close()
        simulator.sent.close()

    app.on_shutdown.append(let_go)
    app.on_cleanup.append(close)
    return app


@asynccontextmanager
async def serve_simulator(
    settings: SimulatorSettings | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Simulator]:
    """Listen as long as the context lasts; port 0 takes a free one, told by ``Simulator.url``."""
    app = create_simulator(settings)
    serving = site(
        app,
        host,
        port,
        # A client that goes away ends its request, else one that hangs would stay for ever.
        handler_cancellation=True,
        # No provider unpacks requests: what is not plain is rubbish.
        auto_decompress=False,
        logger=_log,
    )
    async with serving as url:
        yield replace(app[SIMULATOR], url=url)


def run_simulator(host: str, port: int, settings: SimulatorSettings | None = None) -> None:
    """Serve until SIGTERM or SIGINT; prints one line with the address once it listens."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(host, port, settings))


def _is_no_rubbish(record: logging.LogRecord) -> bool:
    """Keep malformed HTTP out of the log: it is answered with 400 and no fault of ours."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_log.addFilter(_is_no_rubbish)


async def _run(host: str, port: int, settings: SimulatorSettings | None) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serve_simulator(settings, host=host, port=port) as simulator:
        sys.stdout.write(f"The simulator listens on {simulator.url}\n")
        sys.stdout.flush()
        await stopped.wait()


def _handler(
    simulator: Simulator, wire: Wire
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        query, body = await read_form(request)
        arrival = Arrival(
            method=request.method,
            path=request.path,
            query=query,
            body=body,
            authorization=request.headers.get("Authorization", ""),
        )
        operation = wire.operation(arrival)
        with simulator.traffic.visit(wire.provider, operation) as visit:
            arrival = replace(arrival, number=visit.number, in_flight=visit.in_flight)
            exchange = Exchange(request=request, arrival=arrival, wire=wire, simulator=simulator)
            return await serve(exchange, simulator.faults.take(wire.provider, operation, arrival))

    return handle
