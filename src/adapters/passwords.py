"""Passwords, hashed slowly on purpose."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = 2
"""A hash takes 64 MiB and a processor for some 50 ms: who tries passwords must not take all."""


class Argon2Passwords:
    """Argon2id with the library's parameters; see ``Passwords``.

    Source: RFC 9106, 4 (the second recommended option).
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """Return what may be stored; see ``Passwords.hash``."""
        async with self._free:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def matches(self, stored: str, password: str) -> bool:
        """Tell whether it is the password; see ``Passwords.matches``."""
        async with self._free:
            return await asyncio.to_thread(self._matches, stored, password)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
