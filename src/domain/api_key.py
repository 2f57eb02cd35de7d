"""The API key: what a caller shows, and what is kept of it."""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Self
from uuid import UUID

from domain.caller import Scope

BEGINNING = "hbr_"
PREFIX_LENGTH = 12
NAME_LENGTH = 64
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class ApiKeyError(ValueError):
    """A key that cannot be, or cannot be changed; the text is for who manages keys."""


@dataclass(frozen=True, slots=True)
class KeyPrint:
    """What is kept of a key: enough to know it again, not enough to show it.

    Attributes:
        prefix: its first 12 characters, for people.
        digest: its SHA-256; with 256 random bits in a key no slower hash is needed.
    """

    prefix: str
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> Self:
        """Take the print of a key, whatever it was that was shown."""
        return cls(key[:PREFIX_LENGTH].decode("latin-1"), sha256(key).digest())

    def matches(self, other: Self) -> bool:
        """Tell whether both are of one key, in the same time whether they are or not."""
        return hmac.compare_digest(self.digest, other.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key somebody was given; its requests stay its own when it is rotated.

    Attributes:
        name: for people.
        networks: where it may be used from; empty is everywhere.
        rate: requests a second; ``None`` is as many as one likes.
        previous: what it was before it was rotated, which is good until ``previous_until``.
    """

    id: UUID
    name: str
    current: KeyPrint
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    networks: tuple[Network, ...] = ()
    rate: float | None = None
    revoked_at: datetime | None = None
    previous: KeyPrint | None = None
    previous_until: datetime | None = None

    def __post_init__(self) -> None:
        """Check what people chose.

        Raises:
            ApiKeyError: a name, scopes or a rate that no key can have.
        """
        if not 1 <= len(self.name) <= NAME_LENGTH or not self.name.isprintable():
            raise ApiKeyError(f"The name of a key is 1 to {NAME_LENGTH} printable characters.")
        if not self.scopes:
            raise ApiKeyError(f"A key needs a scope: {', '.join(Scope)}.")
        if self.rate is not None and not self.rate > 0:
            raise ApiKeyError("The rate of a key is a number above 0.")

    @property
    def account(self) -> str:
        """Whose the messages and requests are that are made with it: 32 hexadecimal digits."""
        return self.id.hex

    def usable(self, at: datetime) -> bool:
        """Tell whether it opens anything at a time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def known_by(self, shown: KeyPrint, at: datetime) -> bool:
        """Tell whether what was shown is this key, or was it until a moment ago."""
        if self.current.matches(shown):
            return True
        if self.previous is None or self.previous_until is None or at >= self.previous_until:
            return False
        return self.previous.matches(shown)

    def allowed_from(self, address: Address | None) -> bool:
        """Tell whether it may be used from an address; ``None`` is one nobody knows."""
        if not self.networks:
            return True
        return address is not None and any(address in network for network in self.networks)

    def revoked(self, at: datetime) -> Self:
        """Return the key as it opens nothing any more; one revoked before stays so."""
        return self if self.revoked_at is not None else replace(self, revoked_at=at)

    def rotated(self, new: KeyPrint, previous_until: datetime) -> Self:
        """Return the key with another secret; the one it had before the last one ends at once."""
        return replace(self, current=new, previous=self.current, previous_until=previous_until)
