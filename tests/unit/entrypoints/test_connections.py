"""Who sends slowly is cut off; who is only waiting for an answer is not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from entrypoints.connections import MAX_HEAD_BYTES, MIN_BODY_BYTES, PatientProtocol

HEAD = b"POST /sms HTTP/1.1\r\nHost: habar\r\nContent-Length: 1000000\r\n\r\n"
WHOLE = b"GET /livez HTTP/1.1\r\nHost: habar\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection that only remembers whether it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def write(self, data: bytes | bytearray | memoryview) -> None:
        del data

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


Open = Callable[[], tuple[PatientProtocol, Wire]]


@pytest.fixture
async def opened() -> Open:
    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        del scope, receive, send
        await asyncio.Event().wait()

    config = uvicorn.Config(app, lifespan="off", log_config=None)
    config.load()

    def open_one() -> tuple[PatientProtocol, Wire]:
        wire = Wire()
        protocol = PatientProtocol(config, ServerState(), {})
        protocol.connection_made(wire)
        return protocol, wire

    return open_one


async def test_a_connection_on_which_nothing_comes_is_closed(opened: Open) -> None:
    protocol, wire = opened()
    protocol.check()
    assert not wire.closed
    protocol.check()
    assert wire.closed


async def test_a_head_that_drips_is_cut_off_however_much_comes(opened: Open) -> None:
    protocol, wire = opened()
    protocol.data_received(b"POST /sms HTTP/1.1\r\n")
    protocol.check()
    assert not wire.closed
    protocol.data_received(b"X-Drip: 1\r\n" * 1_000)
    protocol.check()
    assert wire.closed


async def test_a_body_that_drips_is_cut_off(opened: Open) -> None:
    protocol, wire = opened()
    protocol.data_received(HEAD)
    protocol.check()
    protocol.data_received(b"x" * (MIN_BODY_BYTES - 1))
    assert not wire.closed
    protocol.check()
    assert wire.closed


async def test_a_body_that_comes_steadily_may_take_long(opened: Open) -> None:
    protocol, wire = opened()
    protocol.data_received(HEAD)
    for _ in range(7):
        protocol.data_received(b"x" * MIN_BODY_BYTES)
        protocol.check()
    assert not wire.closed


async def test_who_waits_for_an_answer_is_not_cut_off(opened: Open) -> None:
    protocol, wire = opened()
    protocol.data_received(WHOLE)
    for _ in range(5):
        protocol.check()
    assert not wire.closed


async def test_who_is_not_read_from_is_not_slow(opened: Open) -> None:
    protocol, wire = opened()
    protocol.data_received(HEAD + b"x" * 100_000)
    assert protocol.flow.read_paused
    for _ in range(5):
        protocol.check()
    assert not wire.closed


async def test_headers_that_never_end_are_cut_off(opened: Open) -> None:
    protocol, wire = opened()
    protocol.data_received(b"GET /livez HTTP/1.1\r\n")
    line = b"X-Much: " + b"x" * 1_000 + b"\r\n"
    for _ in range(MAX_HEAD_BYTES // len(line)):
        protocol.data_received(line)
        assert not wire.closed
    protocol.data_received(line)
    assert wire.closed
