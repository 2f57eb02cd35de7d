"""How answers leave: as they should, or late, in drips, as rubbish, or not at all."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from aiohttp import web

from entrypoints.simulator.faults import Fault, FaultKind
from entrypoints.simulator.simulator import Simulator
from entrypoints.simulator.wire import Arrival, RefusedError, Reply, Wire, html_page

_DRIPS = 10
_CHUNK = b" " * 65_536
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request on its way to an answer, good or bad."""

    request: web.Request
    arrival: Arrival
    wire: Wire
    simulator: Simulator

    async def carry_out(self) -> Reply:
        """Have the provider do it, and begin to tell what becomes of the messages it took."""
        sent = self.simulator.sent
        known = len(sent)
        reply = self.wire.answer(self.arrival)
        delay_s = self.simulator.faults.latency_s
        await self.simulator.reporter.taken(sent.since(known), delay_s)
        return reply


async def serve(exchange: Exchange, fault: Fault | None) -> web.StreamResponse:
    """Carry the request out unless the fault is to prevent it, and answer as the fault says."""
    recorded = fault is None or fault.recorded
    reply = await exchange.carry_out() if recorded else html_page(200)
    if latency_s := exchange.simulator.faults.latency_s:
        await asyncio.sleep(latency_s)
    if fault is None:
        return _response(reply)
    return await _WAYS[fault.fault](exchange, fault, reply)


async def _hang(exchange: Exchange, _: Fault, __: Reply) -> web.StreamResponse:
    await exchange.simulator.closing.wait()
    return _abort(exchange.request)


async def _drop(exchange: Exchange, _: Fault, __: Reply) -> web.StreamResponse:
    return _abort(exchange.request)


async def _refuse(exchange: Exchange, fault: Fault, _: Reply) -> web.StreamResponse:
    refusal = RefusedError(fault.code or 0, fault.text)
    reply = exchange.wire.refuse(exchange.arrival, refusal)
    return _response(replace(reply, status=fault.http_status or reply.status))


async def _status(exchange: Exchange, fault: Fault, _: Reply) -> web.StreamResponse:
    status = fault.http_status or HTTPStatus.SERVICE_UNAVAILABLE
    response = _response(exchange.wire.break_down(status))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


async def _garbage(_: Exchange, __: Fault, ___: Reply) -> web.StreamResponse:
    return _response(html_page(200))


async def _latency(_: Exchange, fault: Fault, reply: Reply) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    return _response(reply)


async def _slow(exchange: Exchange, fault: Fault, reply: Reply) -> web.StreamResponse:
    response = await _opened(exchange.request, reply, len(reply.body))
    size = max(1, -(-len(reply.body) // _DRIPS))
    for start in range(0, len(reply.body), size):
        await asyncio.sleep(fault.seconds / _DRIPS)
        await response.write(reply.body[start : start + size])
    await response.write_eof()
    return response


async def _oversize(exchange: Exchange, fault: Fault, _: Reply) -> web.StreamResponse:
    response = await _opened(exchange.request, Reply(body=b""), fault.size)
    left = fault.size
    while left:
        await response.write(_CHUNK[:left])
        left -= min(left, len(_CHUNK))
    await response.write_eof()
    return response


_WAYS: dict[FaultKind, Callable[[Exchange, Fault, Reply], Awaitable[web.StreamResponse]]] = {
    FaultKind.ACCEPT_THEN_HANG: _hang,
    FaultKind.ACCEPT_THEN_DROP: _drop,
    FaultKind.HANG: _hang,
    FaultKind.DROP: _drop,
    FaultKind.REFUSE: _refuse,
    FaultKind.STATUS: _status,
    FaultKind.GARBAGE: _garbage,
    FaultKind.OVERSIZE: _oversize,
    FaultKind.SLOW: _slow,
    FaultKind.LATENCY: _latency,
}


def _response(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": reply.content_type}
    return web.Response(body=reply.body, status=reply.status, headers=headers)


async def _opened(request: web.Request, reply: Reply, length: int) -> web.StreamResponse:
    headers = {**reply.headers, "Content-Type": reply.content_type, "Content-Length": str(length)}
    response = web.StreamResponse(status=reply.status, headers=headers)
    await response.prepare(request)
    return response


def _abort(request: web.Request) -> web.Response:
    """Reset the connection: the client sees no answer, and no orderly end either."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        request.transport.abort()
    return web.Response()
