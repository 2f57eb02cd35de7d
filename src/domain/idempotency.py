"""The idempotency key: a caller's promise that two requests are one."""

import re
from dataclasses import dataclass

from domain.errors import InvalidIdempotencyKeyError

KEY_LENGTH = 255
_KEY = re.compile(rf"[\x21-\x7e](?:[\x20-\x7e]{{0,{KEY_LENGTH - 2}}}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key, whose it is, and what it was first used for.

    Attributes:
        account: who used it; keys of different callers have nothing to do with one another.
        key: 1 to 255 printable ASCII characters, no space at either end.
        fingerprint: SHA-256 of the call it came with.

    Source: draft-ietf-httpapi-idempotency-key-header.
    """

    account: str
    key: str
    fingerprint: bytes

    def __post_init__(self) -> None:
        """Check the key.

        Raises:
            InvalidIdempotencyKeyError: it is empty, too long or not printable.
        """
        if not _KEY.fullmatch(self.key):
            raise InvalidIdempotencyKeyError(
                f"An Idempotency-Key is 1 to {KEY_LENGTH} printable ASCII characters."
            )
