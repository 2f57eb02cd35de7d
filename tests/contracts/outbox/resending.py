"""What was sent again after an outcome nobody knows: it is never said not to have left."""

from dataclasses import replace
from uuid import UUID

from application.ports.outbox import Outbox, Settlement, SweepReport
from application.ports.repositories import MessageRepository
from domain.event import Event, EventName
from domain.message import MessageStatus
from tests.contracts.outbox.fixtures import (
    HOUR,
    NO_ANSWER,
    OutboxFixtures,
    a_request,
    a_sending,
    found,
    names,
    now,
    settled,
    wanted,
)


async def resend_one(outbox: Outbox, *, late: bool = False) -> UUID:
    """Have one message queued again whose first attempt may have arrived."""
    request = a_request()
    new = a_sending(request)
    expires_at = now() - HOUR / 2 if late else now() + HOUR
    new = replace(new, message=replace(new.message, expires_at=expires_at))
    await outbox.accept([new], request)
    assert await outbox.settle(settled(new, NO_ANSWER))
    (doubt,) = await outbox.claim_doubts(wanted())
    again = doubt.message.resent(now())
    event = Event(at=again.updated_at, name=EventName.RESENT)
    assert await outbox.settle(Settlement(again, doubt.lease, (event,), MessageStatus.UNKNOWN))
    return again.id


class ResendingContract(OutboxFixtures):
    async def test_what_may_have_arrived_is_not_canceled(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        message_id = await resend_one(outbox)
        event = Event(at=now(), name=EventName.CANCELED)
        assert not await outbox.cancel(message_id, event)
        stored = await found(reader, message_id)
        assert stored.message.status is MessageStatus.QUEUED
        assert names(stored) == ["accepted", "unknown", "resent"]

    async def test_what_may_have_arrived_does_not_expire_but_is_in_doubt_again(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        message_id = await resend_one(outbox, late=True)
        assert await outbox.sweep() == SweepReport(in_doubt=1)
        stored = await found(reader, message_id)
        assert stored.message.status is MessageStatus.UNKNOWN
        assert stored.message.failure is not None
        assert stored.message.failure.code == "unconfirmed"
        assert names(stored) == ["accepted", "unknown", "resent", "unknown"]
        (doubt,) = await outbox.claim_doubts(wanted())
        assert doubt.message.id == message_id
