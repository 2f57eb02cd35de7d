"""A request as it came in, the same from either door."""

from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from litestar.types import HTTPScope, Scope

from domain.caller import Caller
from domain.idempotency import IdempotencyKey
from entrypoints.http.headers import RawHeaders, value_of

CALLER = "caller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One HTTP request, read to its end.

    Attributes:
        path: without a slash at its end.
        query: as it stands in the address.
        caller: whoever makes it.
    """

    method: str
    path: str
    query: bytes
    headers: RawHeaders
    body: bytes
    caller: Caller

    @property
    def key(self) -> IdempotencyKey | None:
        """The caller's promise that a repetition is not another request, where there is one.

        Raises:
            InvalidIdempotencyKeyError: there is one, and it is not printable or too long.
        """
        key = value_of(self.headers, b"idempotency-key")
        if key is None:
            return None
        return IdempotencyKey(self.caller.account or "", key, self._fingerprint())

    def _fingerprint(self) -> bytes:
        head = f"{self.method} {self.path}".encode()
        return sha256(b"\0".join((head, self.query, self.body))).digest()


def incoming(scope: HTTPScope, body: bytes) -> Incoming:
    """Take what matters from an ASGI scope."""
    return Incoming(
        method=scope["method"],
        path=scope["path"].rstrip("/"),
        query=scope["query_string"],
        headers=scope["headers"],
        body=body,
        caller=caller_of(scope),
    )


def caller_of(scope: Scope) -> Caller:
    """Return whoever makes a request; see ``KeyGuard``, which every one of them passes."""
    return cast("Caller", scope.get(CALLER))
