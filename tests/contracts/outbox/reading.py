"""What is read back: by what it was, page by page, and what others were given."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.ids import TimeOrderedIds
from application.ports.outbox import NewMessage, Outbox
from application.ports.repositories import MessageFilter, MessageRepository
from domain.message import MessageStatus
from domain.outcome import Accepted
from domain.phone import Phone
from tests.contracts.outbox.fixtures import (
    HOUR,
    OutboxFixtures,
    a_queued,
    a_request,
    a_sending,
    now,
    queue_many,
    settled,
)

NUMBER = Phone("+77010000001")


async def send(outbox: Outbox, provider_id: str | None, **changes: object) -> NewMessage:
    """Have a message sent, to ``NUMBER`` through ``smscru`` unless it is told otherwise."""
    request = a_request()
    new = a_sending(request, 1)
    message = replace(new.message, **changes)  # type: ignore[arg-type]  # each test names its own
    assert new.lease is not None
    sent = replace(new, message=message, lease=replace(new.lease, message_id=message.id))
    await outbox.accept([sent], request)
    await outbox.settle(settled(sent, Accepted(provider_id)))
    return sent


def named_at(days_ago: float) -> UUID:
    """Return an id as old as the message it is for."""
    at = now() - timedelta(days=days_ago)
    return TimeOrderedIds(lambda: int(at.timestamp() * 1e9)).new()


class ReadingContract(OutboxFixtures):
    async def ids(
        self, reader: MessageRepository, wanted: MessageFilter, before: UUID | None = None
    ) -> list[UUID]:
        found = await reader.find(wanted, before=before, limit=10)
        assert all(stored.history == () for stored in found)
        return [stored.message.id for stored in found]

    async def test_every_filter_finds_its_own_the_latest_first(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        first, second = a_request(2), replace(a_request(), reference="order-18")
        second = replace(second, created_at=second.created_at + HOUR / 2)
        one, two = a_queued(first, 1), a_sending(first, 2)
        three = a_queued(second, 1, provider="twilio")
        await outbox.accept([one, two], first)
        await outbox.accept([three], second)
        a, b, c = (new.message.id for new in (one, two, three))
        for wanted, expected in (
            (MessageFilter(), [c, b, a]),
            (MessageFilter(phone=NUMBER), [c, a]),
            (MessageFilter(status=MessageStatus.SENDING), [b]),
            (MessageFilter(provider="smscru"), [b, a]),
            (MessageFilter(reference="order-18"), [c]),
            (MessageFilter(reference="order"), []),
            (MessageFilter(since=second.created_at), [c]),
            (MessageFilter(until=second.created_at), [b, a]),
            (MessageFilter(phone=NUMBER, provider="smscru", reference="order-17"), [a]),
            (MessageFilter(phone=NUMBER, status=MessageStatus.SENDING), []),
        ):
            assert await self.ids(reader, wanted) == expected, wanted

    async def test_what_is_found_is_complete(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        request = a_request()
        new = a_queued(request, 1, due_at=now() + HOUR)
        await outbox.accept([new], request)
        (found,) = await reader.find(MessageFilter(phone=NUMBER), before=None, limit=1)
        assert found.message == new.message
        assert (found.segments, found.encoding) == (new.segments.count, new.segments.encoding)

    @pytest.mark.parametrize("wanted", [MessageFilter(), MessageFilter(reference="order-17")])
    async def test_pages_follow_one_another(
        self, outbox: Outbox, reader: MessageRepository, wanted: MessageFilter
    ) -> None:
        news = await queue_many(outbox, 25)
        pages: list[UUID] = []
        while page := await self.ids(reader, wanted, pages[-1] if pages else None):
            pages += page
        assert pages == [new.message.id for new in reversed(news)]

    async def test_ids_a_provider_gave_to_others_are_taken(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        mine = await send(outbox, "mine")
        await send(outbox, "another")
        await send(outbox, None)
        await send(outbox, "elsewhere", provider="twilio")
        await send(outbox, "to another phone", recipient=Phone("+77010000002"))
        assert await reader.taken_ids(mine.message) == {"another"}

    async def test_ids_given_days_before_are_not_asked_for(
        self, outbox: Outbox, reader: MessageRepository
    ) -> None:
        for days in (5.0, 0.5):
            at = now() - timedelta(days=days)
            times = {"created_at": at, "updated_at": at, "attempted_at": at}
            await send(outbox, f"{days} days ago", id=named_at(days), **times)
        mine = await send(outbox, None)
        assert await reader.taken_ids(mine.message) == {"0.5 days ago"}
