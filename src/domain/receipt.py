"""The provider's later word on a message."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.event import Event, EventName
from domain.lookup import Found
from domain.message import Failure, Message, MessageStatus

_FAILED = frozenset({MessageStatus.UNDELIVERABLE, MessageStatus.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider says became of a message it took: a delivery report (DLR).

    Attributes:
        provider: the code of the provider that says so.
        status: ``submitted``, ``delivered``, ``undeliverable`` or ``expired``.
        at: when it was received.
        message_id: our own reference, where the provider gave it back.
        provider_id: the provider's name for the message.
        provider_code: its own word for the state, with the error code where there is one.
        text: for a person; never the message's text, never a full number.
        weak: its signature does not cover what it says: the provider is asked before it counts.
        opted_out: the recipient wants nothing from this sender any more.
    """

    provider: str
    status: MessageStatus
    at: datetime
    message_id: UUID | None = None
    provider_id: str | None = None
    provider_code: str | None = None
    text: str = ""
    weak: bool = False
    opted_out: bool = False

    @classmethod
    def of(cls, found: Found, message: Message, at: datetime) -> "Receipt":
        """Make one of what a provider said when it was asked about a message."""
        return cls(
            provider=message.provider,
            status=found.status,
            at=at,
            message_id=message.id,
            provider_id=found.provider_id or message.provider_id,
            provider_code=found.provider_code,
            text=found.text or "found by asking",
            opted_out=found.opted_out,
        )

    @property
    def failure(self) -> Failure | None:
        """Why the message did not arrive, where that is what it says."""
        if self.status not in _FAILED:
            return None
        return Failure(str(self.status), self.text, self.provider_code)

    def event(self, at: datetime) -> Event:
        """Return it as a line of a history."""
        return Event(
            at=at,
            name=EventName(self.status),
            provider=self.provider,
            provider_code=self.provider_code,
            text=self.text,
        )

    def applied_to(self, message: Message) -> Message:
        """Return the message as this word leaves it: the same one where it says nothing new.

        A word on an earlier submission than the present one counts where it says that the message
        arrived, or where the message waits to be sent again: it has been taken after all.
        """
        if not self._counts_for(message):
            return message
        # It may have waited until the answer to the submission was written.
        moved = message.after_receipt(self.status, max(self.at, message.updated_at), self.failure)
        if moved is message:
            return message
        before = message.provider_id if message.provider == self.provider else None
        return replace(moved, provider=self.provider, provider_id=self.provider_id or before)

    def _counts_for(self, message: Message) -> bool:
        if self.provider not in {message.provider, *message.terms.route}:
            return False
        ends_all = self.status is MessageStatus.DELIVERED
        waits = message.status is MessageStatus.QUEUED
        return ends_all or waits or not self._is_of_an_earlier_submission(message)

    def _is_of_an_earlier_submission(self, message: Message) -> bool:
        if self.provider != message.provider:
            return True
        ids = {self.provider_id, message.provider_id} - {None}
        return message.attempts > 1 and len(ids) > 1
