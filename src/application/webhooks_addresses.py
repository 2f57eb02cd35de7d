"""To whom webhooks may be posted in this deployment."""

import re
from dataclasses import dataclass

from domain.errors import FieldProblem, InvalidTermsError

LONGEST_URL = 2_000
LONGEST_HOST = 253
# As narrow as can be: nothing in it can be read as one host here and as another one elsewhere.
_URL = re.compile(
    r"https?://(?P<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:[/?][!$%&'()*+,./0-9:;=?@a-z_~-]*)?",
    re.IGNORECASE | re.ASCII,
)
_PUNYCODE = "xn--"
_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True)
class WebhookAddresses:
    """Who is told.

    Attributes:
        urls: who is told of everything.
        hosts: where a request may have its own changes told.
    """

    urls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def small_hosts(self) -> frozenset[str]:
        """Return the hosts as ``host_of`` does."""
        return frozenset(host.lower() for host in self.hosts)

    def permitted(self, url: str) -> bool:
        """Tell whether something may be posted there."""
        return url in self.urls or host_of(url) in self.small_hosts

    def told(self, callback_url: str | None) -> tuple[str, ...]:
        """Return who is told of the changes of a request that named this address, or none.

        The address was checked when it was named. Where it may not be posted to here, somebody
        else may: processes with other settings share the work for a while.
        """
        if callback_url is None or callback_url in self.urls:
            return self.urls
        return (*self.urls, callback_url)

    def check_callback(self, url: str) -> None:
        """Refuse an address a request may not name.

        Raises:
            InvalidTermsError: it is no such address, or its host is not one of ``hosts``.
        """
        host = host_of(url)
        if host is None:
            raise _refused("It is an http or https URL, without credentials or a fragment.")
        if not self.permitted(url):
            raise _refused("Its host is not one of WEBHOOK_HOSTS.")


def host_of(url: str) -> str | None:
    """Return the host of an address in small letters; ``None`` where it is no address for us.

    It is ``http`` or ``https`` and has neither credentials nor a fragment.

    Source: RFC 1035, 2.3.4 (the length of a name); RFC 5890, 2.3.2.1 (``xn--``).
    """
    found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None or (found["port"] is not None and int(found["port"]) not in _PORTS):
        return None
    host = found["host"].lower()
    return host if len(host) <= LONGEST_HOST and all(map(_is_label, host.split("."))) else None


def masked(url: str) -> str:
    """Return an address for a log: what stands behind the host may be a secret."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?]', rest, maxsplit=1)[0]}/…"


def _is_label(label: str) -> bool:
    """Tell whether a part of a name can be read; one that claims to be Unicode has to be."""
    if not label.startswith(_PUNYCODE):
        return True
    try:
        return bool(label.removeprefix(_PUNYCODE).encode().decode("punycode"))
    except UnicodeError:
        return False


def _refused(problem: str) -> InvalidTermsError:
    sentence = f"The callback_url cannot be used, and nothing was sent. {problem}"
    return InvalidTermsError(sentence, [FieldProblem("callback_url", problem)])
