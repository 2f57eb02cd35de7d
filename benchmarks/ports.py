"""Ports of 127.0.0.1."""

import socket
import time

HOST = "127.0.0.1"
_POLL_S = 0.02


def free_port(neighbours: int = 0) -> int:
    """Find a free port, with so many free ones right behind it."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if all(_is_free(port + i) for i in range(1, neighbours + 1)):
            return port


def wait_port(port: int, seconds: float = 10.0) -> bool:
    """Wait until somebody listens; tell whether somebody does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((HOST, port), 0.2).close()
        except OSError:
            time.sleep(_POLL_S)
        else:
            return True
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
