"""What became of a message or a request."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.outbox import NewMessage
from application.ports.repositories import MessageFilter
from application.stories import PROVIDERS, Stories
from domain.errors import (
    DomainError,
    InvalidPhoneError,
    InvalidReferenceError,
    MessageNotFoundError,
    RequestNotFoundError,
    UnknownProviderError,
)
from domain.message import MessageStatus
from domain.segments import count_segments
from tests.fakes import NOW, MemoryMessages, MemoryOutbox, PlainNumbering
from tests.unit.application.gateway import PHONE, Gateway, phones
from tests.unit.application.test_replays import message

NOBODY = UUID(int=2**127)


async def test_a_message_is_told_with_its_history() -> None:
    gateway = Gateway()
    report = await gateway.send(PHONE)
    stored = await Stories(MemoryMessages(gateway.outbox), PlainNumbering()).message(
        report.messages[0].id
    )
    assert stored.message == report.messages[0]
    assert [event.name for event in stored.history] == ["accepted", "submitted"]


async def test_what_does_not_exist_is_not_found() -> None:
    stories = Stories(MemoryMessages(MemoryOutbox()), PlainNumbering())
    with pytest.raises(MessageNotFoundError):
        await stories.message(NOBODY)
    with pytest.raises(RequestNotFoundError):
        await stories.request(NOBODY)


@given(count=st.integers(1, 12), limit=st.integers(1, 13))
async def test_the_pages_of_a_request_are_its_messages_each_once(count: int, limit: int) -> None:
    gateway = Gateway()
    report = await gateway.send(*phones(count))
    stories = Stories(MemoryMessages(gateway.outbox), PlainNumbering())
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


async def stories_of(*statuses: MessageStatus) -> Stories:
    """Messages 0, 1, 2 …, the last one the latest."""
    outbox = MemoryOutbox()
    segments = count_segments("Hello")
    news = [NewMessage(message(n, status), segments, None) for n, status in enumerate(statuses)]
    await outbox.accept(news)
    return Stories(MemoryMessages(outbox), PlainNumbering())


@given(count=st.integers(0, 12), limit=st.integers(1, 13))
async def test_the_pages_of_a_list_are_all_messages_the_latest_first(
    count: int, limit: int
) -> None:
    stories = await stories_of(*[MessageStatus.QUEUED] * count)
    seen: list[int] = []
    before: UUID | None = None
    while True:
        page = await stories.messages(MessageFilter(), before=before, limit=limit)
        assert len(page.messages) <= limit
        seen += [stored.message.id.int for stored in page.messages]
        before = page.next_before
        if before is None:
            break
    assert seen == list(range(count, 0, -1))


@pytest.mark.parametrize("written", ["77010000001", "+77010000001", "+7 (701) 000-00-01"])
async def test_a_phone_is_found_however_it_is_written(written: str) -> None:
    stories = await stories_of(*[MessageStatus.QUEUED] * 3)
    page = await stories.messages(MessageFilter(), phone=written)
    assert [stored.message.recipient.msisdn for stored in page.messages] == ["77010000001"]


async def test_a_list_has_what_was_asked_for_only() -> None:
    stories = await stories_of(MessageStatus.QUEUED, MessageStatus.FAILED)
    page = await stories.messages(MessageFilter(status=MessageStatus.FAILED))
    assert [stored.message.id.int for stored in page.messages] == [2]
    none = await stories.messages(MessageFilter(since=NOW + timedelta(seconds=1)))
    assert (list(none.messages), none.next_before) == ([], None)


@pytest.mark.parametrize("code", [*PROVIDERS, "epochtaru"])
async def test_every_provider_can_be_asked_for(code: str) -> None:
    stories = await stories_of(MessageStatus.QUEUED)
    page = await stories.messages(MessageFilter(provider=code))
    assert len(page.messages) == (code == "smscru")


@pytest.mark.parametrize(
    ("wanted", "phone", "error"),
    [
        (MessageFilter(), "abc", InvalidPhoneError),
        (MessageFilter(), "", InvalidPhoneError),
        (MessageFilter(provider="nobody"), None, UnknownProviderError),
        (MessageFilter(provider=""), None, UnknownProviderError),
        (MessageFilter(reference=""), None, InvalidReferenceError),
        (MessageFilter(reference="a\x00"), None, InvalidReferenceError),
        (MessageFilter(reference="a" * 101), None, InvalidReferenceError),
    ],
)
async def test_what_no_message_can_have_is_refused(
    wanted: MessageFilter, phone: str | None, error: type[DomainError]
) -> None:
    stories = await stories_of(MessageStatus.QUEUED)
    with pytest.raises(error):
        await stories.messages(wanted, phone=phone)
