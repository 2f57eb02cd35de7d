"""Names to addresses, but only to such as belong to the whole Internet.

An address of a webhook is somebody else's input: a name that leads to the machine itself or to its
neighbours would have Habar post to what only they can reach.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from typing import Any

Lookup = Callable[[str, int], Coroutine[Any, Any, Sequence[str]]]
_UNICAST = IPv6Network("2000::/3")
_OTHERS = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")))
"""Protocol assignments, 6to4 and its relays, documentation: older Pythons take them for global."""


class PrivateAddressError(OSError):
    """A name that leads, also, to an address that is not public."""


class PublicResolver:
    """Resolves a name; see ``http_engine.Resolve``."""

    def __init__(self, lookup: Lookup | None = None, *, allow_private: bool = False) -> None:
        """Resolve with ``lookup``, the system's way by default.

        Args:
            lookup: from a host and a port to addresses.
            allow_private: whether any address will do.
        """
        self._lookup = lookup or _system
        self._allow_private = allow_private
        self._asking: dict[tuple[str, int], asyncio.Task[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host.

        Raises:
            PrivateAddressError: one of them is not public.
            OSError: there are none.
        """
        found = await self._once(host, port)
        if not self._allow_private and not all(map(is_public, found)):
            raise PrivateAddressError("an address that is not public")
        return found

    async def _once(self, host: str, port: int) -> Sequence[str]:
        """Ask for a host; whoever wants the same meanwhile waits for the same answer."""
        key = host, port
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._lookup(host, port))
            self._asking[key] = asking
            asking.add_done_callback(partial(self._answered, key))
        return await asyncio.shield(asking)

    def _answered(self, key: tuple[str, int], asking: asyncio.Task[Sequence[str]]) -> None:
        del self._asking[key]
        if not asking.cancelled():
            asking.exception()  # nobody may be waiting any more


def is_public(text: str) -> bool:
    """Tell whether an address is a public one of a single machine.

    IPv4 in the clothes of IPv6 (mapped, compatible, NAT64, 6to4) is none: it leads anywhere.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if address.is_multicast or not address.is_global:
        return False
    if any(address in network for network in _OTHERS):
        return False
    return isinstance(address, IPv4Address) or address in _UNICAST


async def _system(host: str, port: int) -> Sequence[str]:
    """Ask the system, in a thread for each question.

    The event loop has four threads for such questions: one name server that does not answer would
    keep everybody else waiting, providers as well.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def ask() -> None:
        tell: Callable[[], None]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            tell = partial(answer.set_exception, error)
        else:
            tell = partial(answer.set_result, [*dict.fromkeys(str(one[-1][0]) for one in found)])
        with suppress(RuntimeError):  # the loop may have ended in the meantime
            loop.call_soon_threadsafe(lambda: None if answer.done() else tell())

    Thread(target=ask, name="habar-resolver", daemon=True).start()
    return await answer
