"""A password is shown, and a session begins."""

import hmac
from hashlib import sha256
from secrets import token_urlsafe

from application.audit import Audit
from application.errors import RateLimitedError
from application.ports.system import Clock
from application.ports.users import Passwords, Sessions, Users
from application.rate_limit import RateLimit
from domain.audit import AuditAction
from domain.user import LONGEST_PASSWORD, Session, User, Visitor

TRIES_A_SECOND = 0.5
TRIES_AT_ONCE = 5
"""For a name, from wherever; and from an address, for whatever names."""
_RANDOM_BYTES = 32
_NOBODY_LENGTH = 64


class WrongPasswordError(Exception):
    """There is no such user, or it is not the password; nobody is told which."""


class SignIn:
    """From a name and a password to the secret of a session, and out again."""

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        passwords: Passwords,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock
        self._audit = audit
        self._tries = RateLimit(clock, TRIES_AT_ONCE / TRIES_A_SECOND)
        self._nobodys: str | None = None

    async def __call__(self, name: str, password: str, address: str | None) -> str:
        """Begin a session; return its secret, which is shown from now on.

        Args:
            name: as it was typed; capitals and blanks around it do not matter.
            password: as it was typed.
            address: where it comes from.

        Raises:
            WrongPasswordError: nobody has this name and this password.
            RateLimitedError: it was tried too often; nothing was looked at.
        """
        name = name.strip().lower()[:_NOBODY_LENGTH]
        for whose in (f"name {name}", f"address {address}"):
            if wait_s := self._tries.wait_s(whose, TRIES_A_SECOND):
                raise RateLimitedError(wait_s)
        user = await self._users.find(name) if name.isprintable() else None
        # Of a name that nobody has, a password is tried as long as of any other.
        stored = await self._of_nobody() if user is None else user.password
        good = await self._passwords.matches(stored, password[: LONGEST_PASSWORD + 1])
        if user is None or not good:
            raise WrongPasswordError
        visitor = Visitor(name=user.name, role=user.role)
        await self._audit(visitor.caller(address), AuditAction.SIGNED_IN, user.name)
        return await self._begin(user)

    async def end(self, secret: str) -> None:
        """End a session, if there is one."""
        await self._sessions.close(digest_of(secret))

    async def _begin(self, user: User) -> str:
        secret, now = token_urlsafe(_RANDOM_BYTES), self._clock.now()
        await self._sessions.open(
            Session(
                digest=digest_of(secret),
                user=user.name,
                proof=proof_of(secret, user),
                created_at=now,
                seen_at=now,
            )
        )
        return secret

    async def _of_nobody(self) -> str:
        if self._nobodys is None:
            self._nobodys = await self._passwords.hash(token_urlsafe(_RANDOM_BYTES))
        return self._nobodys


def digest_of(secret: str) -> bytes:
    """Return under which name a session is stored."""
    return sha256(secret.encode(errors="replace")).digest()


def proof_of(secret: str, user: User) -> bytes:
    """Return what shows that a session was begun with the password a user has now."""
    key = secret.encode(errors="replace")
    return hmac.digest(key, user.password.encode(), "sha256")


def csrf_of(secret: str) -> str:
    """Return what the forms of a session bring along: nobody can tell it who has not the secret."""
    return hmac.digest(secret.encode(errors="replace"), b"csrf", "sha256").hex()
