"""Take back what has not left."""

from uuid import UUID

from application.audit import Audit
from application.ports.outbox import Outbox
from application.ports.repositories import StoredMessage
from application.ports.system import Clock
from application.stories import Stories
from domain.audit import AuditAction
from domain.caller import INSIDE, Caller
from domain.errors import NotCancelableError
from domain.event import Event, EventName
from domain.message import Message, MessageStatus


class CancelMessage:
    """``POST /messages/{id}/cancel``."""

    def __init__(self, outbox: Outbox, stories: Stories, clock: Clock, audit: Audit) -> None:
        self._outbox = outbox
        self._stories = stories
        self._clock = clock
        self._audit = audit

    async def __call__(self, message_id: UUID, *, by: Caller = INSIDE) -> StoredMessage:
        """Cancel a message, and return it with its history; one canceled before stays so.

        Raises:
            MessageNotFoundError: there is none, or it is somebody else's.
            NotCancelableError: it has left, or has come to its end.
        """
        await self._stories.message(message_id, owner=by.owner)
        await self._audit(by, AuditAction.MESSAGE_CANCELED, str(message_id))
        event = Event(at=self._clock.now(), name=EventName.CANCELED)
        canceled = await self._outbox.cancel(message_id, event)
        stored = await self._stories.message(message_id)
        if not canceled and stored.message.status is not MessageStatus.CANCELED:
            raise NotCancelableError(_why_not(stored.message))
        return stored


def _why_not(message: Message) -> str:
    if message.resends:
        return "The message cannot be canceled: it was sent before, and may have arrived."
    return f"The message cannot be canceled any more: its status is {message.status}."
