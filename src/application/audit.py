"""Who did what is written down."""

from application.ports.audit import AuditLog
from application.ports.system import Clock, Ids
from domain.audit import AuditAction, AuditEntry
from domain.caller import Caller


class Audit:
    """Writes the audit log.

    It is called when all has been checked and something is to change, before the change itself: an
    entry may be there without its change, where that failed, but never a change without its entry.
    Where only the change shows whether there was anything to change, as with a message that may
    have left, it is called afterwards: what came to nothing leaves no entry.
    """

    def __init__(self, log: AuditLog, clock: Clock, ids: Ids) -> None:
        self._log = log
        self._clock = clock
        self._ids = ids

    async def __call__(
        self, caller: Caller, action: AuditAction, subject: str, detail: str = ""
    ) -> None:
        """Write down what a caller does; durable on return.

        Args:
            caller: who does it.
            action: what it is.
            subject: what it is done to; see ``AuditEntry``.
            detail: what else there is to say, for a person. No text of a message, no secret.

        Raises:
            StorageUnavailableError: the database is away; what is still to be done must not be.
        """
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            actor=caller.name,
            account=caller.account,
            address=caller.address,
            action=action,
            subject=subject,
            detail=detail,
        )
        await self._log.add(entry)
