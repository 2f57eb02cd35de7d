"""Nothing but this machine is ever put under load."""

import ipaddress
import socket
import sys
from urllib.parse import SplitResult, urlsplit


def loopback(url: str) -> SplitResult:
    """Read a URL, and end the program unless its host is this machine."""
    parts = urlsplit(url)
    for info in socket.getaddrinfo(parts.hostname, port_of(parts), type=socket.SOCK_STREAM):
        if not ipaddress.ip_address(info[4][0]).is_loopback:
            sys.exit(f"refused: {parts.hostname} is not a loopback address")
    return parts


def host_of(url: SplitResult) -> str:
    """Return the host's name."""
    return url.hostname or ""


def port_of(url: SplitResult) -> int:
    """Return the port, HTTP's own where none is named."""
    return url.port or 80
