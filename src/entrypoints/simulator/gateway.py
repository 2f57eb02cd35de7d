"""Where the gateway takes callbacks: the address a provider knows, and the one that is dialled."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urldefrag, urlsplit

import msgspec

_SCHEMES = ("http", "https")


class Gateway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway under test, as the providers see it.

    Attributes:
        urls: the bases callbacks are posted to, one after the other; none: only a callback whose
            own URL names this machine is posted, for a stand-in calls nobody it was not told of.
        public_url: the base under which providers know the gateway, which is what they sign; the
            first of ``urls`` if not given.
        retry_s: how long after a failure the first retry comes; each further one takes as long
            again.
    """

    urls: tuple[str, ...] = ()
    public_url: str | None = None
    retry_s: Annotated[float, msgspec.Meta(gt=0)] = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no base URL."""
        known = () if self.public_url is None else (self.public_url,)
        for url in (*self.urls, *known):
            if urlsplit(url).scheme not in _SCHEMES or not urlsplit(url).hostname:
                raise ValueError(f"not a base URL: {url}")


class Addresses:
    """Turns the URLs that providers know into those that are dialled.

    Attributes:
        gateway: may be replaced at any time.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._turn = 0

    def handler(self, path: str) -> str | None:
        """Return the URL an account was told to use, or ``None`` where no gateway is known."""
        base = self.gateway.public_url or next(iter(self.gateway.urls), None)
        return None if base is None else base.rstrip("/") + path

    def target(self, url: str) -> str | None:
        """Return where a callback to this URL is posted, or ``None`` for nowhere."""
        bare = urldefrag(url).url
        if not self.gateway.urls:
            return bare if _is_here(bare) else None
        public = (self.gateway.public_url or "").rstrip("/")
        if public and bare.startswith(public):
            rest = bare[len(public) :]
        else:
            parts = urlsplit(bare)
            rest = parts.path + (f"?{parts.query}" if parts.query else "")
        return self._next(self.gateway.urls).rstrip("/") + rest

    def _next(self, urls: Sequence[str]) -> str:
        self._turn += 1
        return urls[self._turn % len(urls)]


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
