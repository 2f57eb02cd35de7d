"""Who may call."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from uuid import UUID

from application.errors import RateLimitedError, UnauthorizedError
from application.key_ring import KeyRing
from application.ports.system import Clock
from application.rate_limit import RateLimit
from domain.api_key import Address, ApiKey, KeyPrint
from domain.caller import Caller, Scope
from domain.errors import ForbiddenError

_EVERYTHING = frozenset({Scope.ADMIN})
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class Access:
    """From the keys somebody shows to a caller.

    Without any key, in the settings or the database, only this machine may call, and need show
    none.

    Attributes:
        disabled: nobody need show one.
    """

    def __init__(
        self, ring: KeyRing, clock: Clock, fixed: Iterable[str], *, disabled: bool = False
    ) -> None:
        """Let in who shows a key of ``fixed`` or of ``ring``; everybody where it is ``disabled``.

        Those of ``fixed`` may do everything.
        """
        self._ring = ring
        self._clock = clock
        self._fixed = [_fixed_key(key, number) for number, key in enumerate(fixed, 1)]
        self.disabled = disabled and not self._fixed
        self._rates = RateLimit(clock)

    async def __call__(self, shown: Sequence[bytes], address: str | None, *, local: bool) -> Caller:
        """Return who calls; it waits for the database only where a key is not known.

        Args:
            shown: the keys; one good one is enough.
            address: where the call comes from.
            local: that is this machine for certain.

        Raises:
            UnauthorizedError: no key was shown that opens anything.
            ForbiddenError: it may not be used from there.
            RateLimitedError: it is used too often.
            StorageUnavailableError: the keys were never read yet, and cannot be now.
        """
        if self.disabled:
            return _anonymous(address)
        prints = [KeyPrint.of(key) for key in shown if key]
        key = self._known(prints)
        if key is None:
            await self._ring.looked_up(prints)
            key = self._known(prints)
        if key is not None:
            return self._admitted(key, address)
        if local and not shown and not self._fixed and self._ring.empty:
            return _anonymous(address)
        raise UnauthorizedError

    def _known(self, prints: Iterable[KeyPrint]) -> ApiKey | None:
        return next(filter(None, map(self._holder, prints)), None)

    def _holder(self, shown: KeyPrint) -> ApiKey | None:
        for fixed in self._fixed:
            if fixed.current.matches(shown):
                return fixed
        key = self._ring.find(shown)
        return key if key is not None and key.usable(self._clock.now()) else None

    def _admitted(self, key: ApiKey, address: str | None) -> Caller:
        if key.networks and not key.allowed_from(_read(address)):
            raise ForbiddenError("This API key may not be used from this address.")
        if key.rate is not None and (wait_s := self._rates.wait_s(key.account, key.rate)):
            raise RateLimitedError(wait_s)
        return Caller(account=key.account, name=key.name, scopes=key.scopes, address=address)


def demand(caller: Caller, scope: Scope) -> None:
    """Refuse a caller who may not do something.

    Raises:
        ForbiddenError: it names the scope that is missing.
    """
    if not caller.may(scope):
        raise ForbiddenError(f"This API key does not have the scope {scope}, which this needs.")


def _anonymous(address: str | None) -> Caller:
    return Caller(account=None, name="anonymous", scopes=_EVERYTHING, address=address)


def _fixed_key(key: str, number: int) -> ApiKey:
    """Make a key of the settings; its account is what it was before keys had ids."""
    written = key.encode()
    return ApiKey(
        id=UUID(bytes=sha256(written).digest()[:16]),
        name=f"API_KEYS {number}",
        current=KeyPrint.of(written),
        scopes=_EVERYTHING,
        created_at=_LONG_AGO,
    )


@lru_cache(maxsize=1024)
def _read(address: str | None) -> Address | None:
    try:
        return None if address is None else ip_address(address)
    except ValueError:
        return None
