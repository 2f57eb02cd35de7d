"""The read side of a memory outbox."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from application.ports.repositories import MessageFilter, StoredMessage
from domain.message import Message
from domain.request import Request
from tests.fakes.outbox import MemoryOutbox

_DAY = timedelta(days=1)


class MemoryMessages:
    """The read side of a ``MemoryOutbox``."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def message(self, message_id: UUID) -> StoredMessage | None:
        row = self._outbox.rows.get(message_id)
        return None if row is None else self._owned(row.stored)

    async def request(self, request_id: UUID) -> Request | None:
        return self._outbox.requests.get(request_id)

    async def of_request(
        self, request: Request, *, after: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        found = [
            stored
            for stored in self._all()
            if stored.message.request_id == request.id
            and (after is None or stored.message.id > after)
        ]
        return found[:limit]

    async def find(
        self, wanted: MessageFilter, *, before: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        found = [
            stored
            for stored in reversed(self._all())
            if _matches(stored.message, wanted)
            and wanted.account in {None, stored.account}
            and (before is None or stored.message.id < before)
        ]
        return found[:limit]

    async def taken_ids(self, message: Message) -> frozenset[str]:
        since = (message.attempted_at or message.created_at) - _DAY
        others = (s.message for s in self._all() if s.message.id != message.id)
        return frozenset(
            other.provider_id
            for other in others
            if other.provider_id is not None
            and (other.recipient, other.provider) == (message.recipient, message.provider)
            and (other.attempted_at or other.created_at) >= since
        )

    def _all(self) -> list[StoredMessage]:
        rows = sorted(self._outbox.rows.items())
        return [replace(self._owned(row.stored), history=()) for _, row in rows]

    def _owned(self, stored: StoredMessage) -> StoredMessage:
        request = self._outbox.requests.get(stored.message.request_id)
        return stored if request is None else replace(stored, account=request.account)


def _matches(message: Message, wanted: MessageFilter) -> bool:
    pairs = (
        (wanted.phone, message.recipient),
        (wanted.status, message.status),
        (wanted.provider, message.provider),
        (wanted.provider_id, message.provider_id),
        (wanted.reference, message.reference),
    )
    return (
        all(want is None or want == has for want, has in pairs)
        and (wanted.since is None or message.created_at >= wanted.since)
        and (wanted.until is None or message.created_at < wanted.until)
    )
