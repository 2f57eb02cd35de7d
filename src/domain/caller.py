"""Who asks, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What an API key is good for."""

    SEND = "send"
    READ = "read"
    BLACKLIST = "blacklist"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever makes a request.

    Attributes:
        account: whose messages, requests and idempotency keys these are; ``None`` where nobody
            has to show a key.
        name: for people: a key's name, or where the request came from.
        scopes: what may be done.
        address: the IP address it came from; ``None`` where it came over no network.
    """

    account: str | None
    name: str
    scopes: frozenset[Scope]
    address: str | None = None

    def may(self, scope: Scope) -> bool:
        """Tell whether something may be done; an admin may do everything."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def owner(self) -> str | None:
        """Return whose messages may be seen; ``None`` is everybody's."""
        return None if Scope.ADMIN in self.scopes else self.account


INSIDE = Caller(account=None, name="habar", scopes=frozenset({Scope.ADMIN}))
"""Whoever calls from within this process, and has not said who they are."""
