"""Where a request comes from; behind a proxy that is trusted, where it says so."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from litestar.types import HTTPScope

from domain.api_key import Address, Network

_FORWARDED_FOR = b"x-forwarded-for"
_FORWARDED = frozenset({_FORWARDED_FOR, b"forwarded", b"x-real-ip"})


def address_of(scope: HTTPScope, proxies: Sequence[Network]) -> str | None:
    """Return the address of whoever calls; of a forged list the part that proxies wrote counts.

    Args:
        scope: of the request.
        proxies: that are trusted to say for whom they call.

    Returns:
        IPv4 as such, also where it came in the clothes of IPv6; ``None`` where nobody can tell.
    """
    client = scope["client"]
    peer = None if client is None else client[0]
    address = _parsed(peer)
    if address is None:
        return peer
    hops = _forwarded_for(scope)
    while _trusted(address, proxies):
        hop = next(hops, None)
        if hop is None:
            break
        address = _parsed(hop)
        if address is None:
            return None
    return str(address)


def is_local(scope: HTTPScope, address: str | None) -> bool:
    """Tell whether an address is this machine's, and nobody forwarded a request of another's."""
    parsed = _parsed(address)
    if parsed is None or not parsed.is_loopback:
        return False
    return not any(name in _FORWARDED for name, _ in scope["headers"])


def is_secure(scope: HTTPScope, proxies: Sequence[Network]) -> bool:
    """Tell whether a request came over TLS, as far as Habar or a proxy it trusts can tell."""
    if scope["scheme"] == "https":
        return True
    address = _parsed(None if scope["client"] is None else scope["client"][0])
    if address is None or not _trusted(address, proxies):
        return False
    said = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
    return b",".join(said).rpartition(b",")[2].strip().lower() == b"https"


def _forwarded_for(scope: HTTPScope) -> Iterator[str]:
    """Return the hops, the nearest first."""
    values = [value for name, value in scope["headers"] if name == _FORWARDED_FOR]
    if not values:
        return
    for hop in reversed(b",".join(values).decode("latin-1").split(",")):
        yield hop.strip()


def _trusted(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


@lru_cache(maxsize=1024)
def _parsed(text: str | None) -> Address | None:
    """Read an address, which some proxies write with a port."""
    if text is None:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
