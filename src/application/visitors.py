"""Who looks at a page of the dashboard."""

import hmac
from datetime import timedelta

from application.access import Access
from application.errors import UnauthorizedError
from application.loops import for_ever
from application.ports.system import Clock
from application.ports.users import Sessions
from application.sign_in import csrf_of, digest_of, proof_of
from application.slices import SLICE
from domain.user import SESSION_IDLE, SESSION_LIFE, Role, Visitor

SEEN_EVERY = timedelta(minutes=1)
SWEEP_EVERY_S = 600.0
_WHILE_MORE_S = 0.1


class Visitors:
    """From a session to whose it is.

    On this machine nobody has to sign in where the API asks no key of it either, unless
    ``DASHBOARD_PASSWORD`` says that people do.
    """

    def __init__(
        self, access: Access, sessions: Sessions, clock: Clock, *, asked: bool = False
    ) -> None:
        """Know visitors by their sessions.

        Args:
            access: knows who needs no key.
            sessions: those who have signed in.
            clock: ends sessions.
            asked: this machine, too, has to sign in, unless nobody needs a key anywhere.
        """
        self._access = access
        self._sessions = sessions
        self._clock = clock
        self._asked = asked

    async def __call__(
        self, secret: str | None, address: str | None, *, local: bool
    ) -> Visitor | None:
        """Return who looks, or ``None`` who has to sign in first.

        Args:
            secret: of a session, where one was shown.
            address: where the request comes from.
            local: that is this machine for certain.
        """
        visitor = None if secret is None else await self._of_session(secret)
        if visitor is None and local and await self._is_open(address):
            return Visitor(name="anonymous", role=Role.ADMIN)
        return visitor

    async def _of_session(self, secret: str) -> Visitor | None:
        found = await self._sessions.find(digest_of(secret))
        if found is None:
            return None
        session, user = found
        now = self._clock.now()
        if session.over(now) or not hmac.compare_digest(session.proof, proof_of(secret, user)):
            return None
        if now - session.seen_at >= SEEN_EVERY:
            await self._sessions.seen(session.digest, now)
        return Visitor(name=user.name, role=user.role, csrf=csrf_of(secret))

    async def _is_open(self, address: str | None) -> bool:
        if self._asked and not self._access.disabled:
            return False
        try:
            await self._access((), address, local=True)
        except UnauthorizedError:
            return False
        return True


class SweepSessions:
    """Deletes sessions that are over; nobody gets in with one even before."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "sweeping sessions")

    async def once(self) -> float:
        """Delete some; return in how many seconds to do it again."""
        now = self._clock.now()
        swept = await self._sessions.sweep(now - SESSION_LIFE, now - SESSION_IDLE, SLICE)
        return _WHILE_MORE_S if swept == SLICE else SWEEP_EVERY_S
