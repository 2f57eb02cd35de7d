"""What became of a message or a request."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.stories import Stories
from domain.errors import MessageNotFoundError, RequestNotFoundError
from tests.fakes import MemoryMessages
from tests.unit.application.gateway import PHONE, Gateway, phones

NOBODY = UUID(int=2**127)


async def test_a_message_is_told_with_its_history() -> None:
    gateway = Gateway()
    report = await gateway.send(PHONE)
    stored = await Stories(MemoryMessages(gateway.outbox)).message(report.messages[0].id)
    assert stored.message == report.messages[0]
    assert [event.name for event in stored.history] == ["accepted", "submitted"]


async def test_what_does_not_exist_is_not_found() -> None:
    stories = Stories(MemoryMessages(Gateway().outbox))
    with pytest.raises(MessageNotFoundError):
        await stories.message(NOBODY)
    with pytest.raises(RequestNotFoundError):
        await stories.request(NOBODY)


@given(count=st.integers(1, 12), limit=st.integers(1, 13))
async def test_the_pages_of_a_request_are_its_messages_each_once(count: int, limit: int) -> None:
    gateway = Gateway()
    report = await gateway.send(*phones(count))
    stories = Stories(MemoryMessages(gateway.outbox))
    seen: list[UUID] = []
    after: UUID | None = None
    while True:
        story = await stories.request(report.request.id, after=after, limit=limit)
        assert story.request == report.request
        assert 1 <= len(story.messages) <= limit
        seen += [stored.message.id for stored in story.messages]
        after = story.next_after
        if after is None:
            break
    assert seen == [message.id for message in report.messages]
