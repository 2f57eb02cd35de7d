"""Under which address providers reach us."""

import ipaddress
from urllib.parse import urlsplit

from entrypoints.settings import Settings

_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def twilio_receipts_url(settings: Settings) -> str | None:
    """Return where Twilio is asked to report; ``None`` where it would refuse the address (21609).

    A stand-in for Twilio on a host that is not public is asked to report to such a host, too.
    """
    base = settings.public_url
    if base is None or (_is_public(settings.twilio_base_url) and not _is_public(base)):
        return None
    return f"{base.rstrip('/')}/callbacks/twilio/receipt"


def _is_public(url: str) -> bool:
    """Tell whether a host can be reached from the internet, by what its name looks like."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        local = host.endswith(_LOCAL_ENDINGS) or "." not in host
        return not local and "_" not in host
