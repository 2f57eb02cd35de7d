"""Take back what has not left."""

from dataclasses import replace
from uuid import UUID

from application.audit import Audit
from application.ports.outbox import Outbox
from application.ports.repositories import StoredMessage
from application.ports.system import Clock
from application.ports.telemetry import SILENT, Telemetry
from application.stories import Stories
from domain.audit import AuditAction
from domain.caller import INSIDE, Caller
from domain.errors import NotCancelableError
from domain.event import Event, EventName
from domain.message import Message, MessageStatus


class CancelMessage:
    """``POST /messages/{id}/cancel``."""

    def __init__(
        self,
        outbox: Outbox,
        stories: Stories,
        clock: Clock,
        audit: Audit,
        telemetry: Telemetry = SILENT,
    ) -> None:
        self._outbox = outbox
        self._stories = stories
        self._clock = clock
        self._audit = audit
        self._telemetry = telemetry

    async def __call__(self, message_id: UUID, *, by: Caller = INSIDE) -> StoredMessage:
        """Cancel a message, and return it with its history; one canceled before stays so.

        It is audited afterwards: only then is it known that the message had not left.

        Raises:
            MessageNotFoundError: there is none, or it is somebody else's.
            NotCancelableError: it has left, or has come to its end.
        """
        found = await self._stories.message(message_id, owner=by.owner)
        if found.message.status is not MessageStatus.QUEUED:
            return _canceled_before(found)
        event = Event(at=self._clock.now(), name=EventName.CANCELED)
        if not await self._outbox.cancel(message_id, event):
            return _canceled_before(await self._stories.message(message_id))
        self._telemetry.canceled(found.message)
        await self._audit(by, AuditAction.MESSAGE_CANCELED, str(message_id))
        message = found.message.moved(MessageStatus.CANCELED, event.at, found.message.failure)
        return replace(found, message=message, history=(*found.history, event))


def _canceled_before(found: StoredMessage) -> StoredMessage:
    if found.message.status is not MessageStatus.CANCELED:
        raise NotCancelableError(_why_not(found.message))
    return found


def _why_not(message: Message) -> str:
    if message.resends:
        return "The message cannot be canceled: it was sent before, and may have arrived."
    return f"The message cannot be canceled any more: its status is {message.status}."
