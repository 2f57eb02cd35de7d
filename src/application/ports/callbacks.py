"""What a provider tells us unasked, over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from domain.inbound import InboundMessage
from domain.receipt import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One HTTP request of a provider, as it came.

    Attributes:
        method: ``GET`` or ``POST``.
        url: the address the provider called, as it signed it, with its query; ``None`` where
            nobody has said under which address we are reached.
        query: the part of the address behind the question mark, still encoded.
        headers: by their names in lower case.
    """

    method: str
    url: str | None = field(repr=False)
    query: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ignored:
    """It is genuine, or harmless, and nothing to us."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It does not prove where it comes from.

    Attributes:
        text: why, for the operator; nothing of what came.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """It cannot be read.

    Attributes:
        text: why, for the operator; nothing of what came.
    """

    text: str


CallbackOutcome = Receipt | InboundMessage | Ignored | Refused | Malformed


class CallbackReader(Protocol):
    """A provider whose callbacks can be checked and read."""

    def read(self, callback: Callback) -> CallbackOutcome:
        """Check that it comes from the provider, then tell what it says; never raises.

        Strings in the outcome are bounded and can be stored: no NUL, no half of a surrogate pair;
        a ``provider_id`` has at most 64 characters, a phone 32.
        """
        ...
