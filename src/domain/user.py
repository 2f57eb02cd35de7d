"""People who look at the dashboard, what they may do there, and how long they stay signed in."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.caller import Caller, Scope

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_024
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=1)
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class UserError(ValueError):
    """A user that cannot be, or cannot be changed; the text is for who manages users."""


class Role(StrEnum):
    """What a user may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def scopes(self) -> frozenset[Scope]:
        """What an API key that may do the same has."""
        return _SCOPES[self]


_SCOPES = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.OPERATOR: frozenset({Scope.READ, Scope.SEND, Scope.BLACKLIST}),
    Role.ADMIN: frozenset({Scope.ADMIN}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who has a password.

    Attributes:
        name: small letters, digits and ``. _ @ -``, 1 to 64 of them.
        password: its hash, as the password hasher writes it.
    """

    name: str
    role: Role
    password: str = field(repr=False)
    created_at: datetime

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            UserError: nobody can have it.
        """
        if not _NAME.fullmatch(self.name):
            raise UserError("A user's name is 1 to 64 small letters, digits, and . _ @ -.")


def check_password(password: str) -> None:
    """Refuse a password that is too short to be one.

    Raises:
        UserError: it says how long one is.

    Source: NIST SP 800-63B, 5.1.1.2 (length, and no rules of composition).
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UserError(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters;"
            " several words are a good one."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A visit that began with a password.

    Attributes:
        digest: SHA-256 of the secret the browser shows; with 256 random bits no slower hash is
            needed.
        user: the user's name.
        proof: HMAC-SHA256 of the user's password hash, under that secret: a session ends when the
            password is changed, and nothing has to be deleted for it.
        seen_at: when the secret was last shown; exact to a minute.
    """

    digest: bytes = field(repr=False)
    user: str
    proof: bytes = field(repr=False)
    created_at: datetime
    seen_at: datetime

    def over(self, at: datetime) -> bool:
        """Tell whether it has lasted long enough, or nobody came for too long."""
        return at >= self.created_at + SESSION_LIFE or at >= self.seen_at + SESSION_IDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever looks at a page.

    Attributes:
        csrf: what forms have to bring along; empty where nobody had to sign in.
    """

    name: str
    role: Role
    csrf: str = field(default="", repr=False)

    @property
    def signed_in(self) -> bool:
        """Tell whether a password was shown."""
        return bool(self.csrf)

    @property
    def sees_numbers(self) -> bool:
        """Tell whether whole phone numbers are shown."""
        return self.role is not Role.VIEWER

    def may(self, scope: Scope) -> bool:
        """Tell whether something may be done."""
        return self.caller(None).may(scope)

    def caller(self, address: str | None) -> Caller:
        """Return whoever makes the requests of this visitor; everybody's messages are seen."""
        return Caller(account=None, name=self.name, scopes=self.role.scopes, address=address)
