"""Who must not be written to."""

from datetime import datetime

from application.audit import Audit
from application.errors import DuplicateKeyError
from application.ports.blacklist import BlacklistRepository, Once
from application.ports.system import Clock, NumberingPlan
from domain.audit import AuditAction
from domain.blacklist import BlacklistEntry
from domain.caller import INSIDE, Caller
from domain.errors import FieldProblem, InvalidEntryError, NotBlacklistedError


class ManageBlacklist:
    """``POST``, ``DELETE`` and ``GET /blacklist``. Phones are taken as people write them.

    Every action raises ``InvalidPhoneError`` for what cannot be a number, and those that change
    something raise ``DuplicateKeyError`` when the key of ``once`` was used before. What they
    change is written to the audit log first; where there is nothing to change, nothing is.
    """

    def __init__(
        self, blacklist: BlacklistRepository, numbering: NumberingPlan, clock: Clock, audit: Audit
    ) -> None:
        self._blacklist = blacklist
        self._numbering = numbering
        self._clock = clock
        self._audit = audit

    async def add(  # noqa: PLR0913 - what an entry says, and who says it
        self,
        phone: str,
        once: Once | None = None,
        *,
        by: Caller = INSIDE,
        reason: str | None = None,
        note: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Put a phone on the list; one already there keeps its date.

        Raises:
            InvalidEntryError: a text is too long, or the entry would expire at once.
        """
        now = self._clock.now()
        recipient = self._numbering.read(phone)
        entry = BlacklistEntry(recipient, now, reason=reason, note=note, expires_at=expires_at)
        if not entry.counts(now):
            rule = "expires_at must be in the future."
            problem = FieldProblem("expires_at", rule)
            raise InvalidEntryError(f"The entry is not valid: {rule}", [problem])
        known = await self._blacklist.find(recipient)
        if known is None or known.joined(entry) != known:
            await self._audit(by, AuditAction.BLACKLIST_ADDED, recipient.msisdn)
        if not await self._blacklist.add(entry, once):
            raise DuplicateKeyError

    async def remove(self, phone: str, once: Once | None = None, *, by: Caller = INSIDE) -> None:
        """Take a phone off the list; one that is not there is no error."""
        recipient = self._numbering.read(phone)
        if await self._blacklist.refuses(recipient):
            await self._audit(by, AuditAction.BLACKLIST_REMOVED, recipient.msisdn)
        if not await self._blacklist.remove(recipient, once):
            raise DuplicateKeyError

    async def find(self, phone: str) -> BlacklistEntry:
        """Return the entry of a phone.

        Raises:
            NotBlacklistedError: it is not on the list.
        """
        entry = await self._blacklist.find(self._numbering.read(phone))
        if entry is None:
            raise NotBlacklistedError("The phone is not on the blacklist.")
        return entry
