"""Clients that send a byte now and then do not hold the service."""

import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.processes import Program, running_gateway

CLIENTS = 200
PATIENCE_S = 120.0
BEGINNINGS = {
    "nothing": b"",
    "a head": b"POST /sms HTTP/1.1\r\nHost: localhost\r\nX-Drip: ",
    "a body": b"POST /sms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
}


@pytest.mark.parametrize("sent", BEGINNINGS)
def test_who_drips_is_cut_off_and_nobody_else_waits(tmp_path: Path, sent: str) -> None:
    with running_gateway(tmp_path, SMS_DUMMY="true") as gateway:
        dripping = [_dripping(gateway, BEGINNINGS[sent]) for _ in range(CLIENTS)]
        deadline = time.monotonic() + PATIENCE_S
        while dripping:
            assert time.monotonic() < deadline, f"{len(dripping)} are still connected"
            assert httpx.get(f"{gateway.url}/livez", timeout=60).status_code == 200
            dripping = [one for one in dripping if _still_open(one, drip=bool(BEGINNINGS[sent]))]
            time.sleep(1)


def _dripping(gateway: Program, beginning: bytes) -> socket.socket:
    url = httpx.URL(gateway.url)
    connection = socket.create_connection((url.host, url.port or 80), timeout=60)
    connection.sendall(beginning)
    connection.setblocking(False)  # noqa: FBT003 - it takes nothing else
    return connection


def _still_open(connection: socket.socket, *, drip: bool) -> bool:
    try:
        if drip:
            connection.send(b" ")
        open_ = connection.recv(65_536) != b""
    except BlockingIOError:
        return True
    except OSError:
        open_ = False
    if not open_:
        connection.close()
    return open_
