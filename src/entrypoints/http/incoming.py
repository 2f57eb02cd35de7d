"""A request as it came in, the same from either door."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from litestar.types import HTTPScope

from domain.idempotency import IdempotencyKey
from entrypoints.http.headers import RawHeaders, value_of

ACCOUNT_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One HTTP request, read to its end.

    Attributes:
        path: without a slash at its end.
        query: as it stands in the address.
        account: whose API key it showed; empty where there are none.
    """

    method: str
    path: str
    query: bytes
    headers: RawHeaders
    body: bytes
    account: str

    @property
    def key(self) -> IdempotencyKey | None:
        """The caller's promise that a repetition is not another request, where there is one.

        Raises:
            InvalidIdempotencyKeyError: there is one, and it is not printable or too long.
        """
        key = value_of(self.headers, b"idempotency-key")
        return None if key is None else IdempotencyKey(self.account, key, self._fingerprint())

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
        account=account_of(scope),
    )


def account_of(scope: HTTPScope) -> str:
    """Return whose API key was shown; see ``KeyGuard``."""
    # Litestar fills it with other things where nobody has logged in.
    auth: Any = scope.get("auth")
    return auth if isinstance(auth, str) else ""


def account_named(api_key: bytes) -> str:
    """Name the owner of an API key without telling the key: 32 hexadecimal digits."""
    return sha256(api_key).hexdigest()[:ACCOUNT_LENGTH]
