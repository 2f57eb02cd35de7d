"""Take back what has not left."""

from uuid import UUID

import pytest

from application.cancellation import CancelMessage
from application.errors import StorageUnavailableError
from application.ports.outbox import NewMessage
from application.stories import Stories
from domain.errors import MessageNotFoundError, NotCancelableError
from domain.message import MessageStatus
from domain.segments import count_segments
from tests.fakes import FixedClock, MemoryMessages, MemoryOutbox, PlainNumbering
from tests.fakes.audit import an_audit
from tests.unit.application.test_replays import message

_S = MessageStatus
ID = UUID(int=1)


async def outbox_with(status: MessageStatus) -> MemoryOutbox:
    outbox = MemoryOutbox()
    await outbox.accept([NewMessage(message(0, status), count_segments("Hello"), None)])
    return outbox


def cancel_in(outbox: MemoryOutbox) -> CancelMessage:
    stories = Stories(MemoryMessages(outbox), PlainNumbering())
    return CancelMessage(outbox, stories, FixedClock(), an_audit())


async def test_a_queued_message_is_canceled_and_its_history_says_so() -> None:
    outbox = await outbox_with(_S.QUEUED)
    stored = await cancel_in(outbox)(ID)
    assert stored.message.status is _S.CANCELED
    assert [event.name for event in stored.history] == ["accepted", "canceled"]


async def test_canceling_again_changes_nothing() -> None:
    outbox = await outbox_with(_S.QUEUED)
    first = await cancel_in(outbox)(ID)
    assert await cancel_in(outbox)(ID) == first


@pytest.mark.parametrize("status", sorted(set(_S) - {_S.QUEUED, _S.CANCELED}))
async def test_what_has_left_or_ended_is_not_touched_and_its_status_told(
    status: MessageStatus,
) -> None:
    outbox = await outbox_with(status)
    with pytest.raises(NotCancelableError, match=f"status is {status}"):
        await cancel_in(outbox)(ID)
    assert outbox.rows[ID].stored.message.status is status


async def test_what_was_never_sent_is_not_found() -> None:
    with pytest.raises(MessageNotFoundError):
        await cancel_in(MemoryOutbox())(ID)


async def test_a_database_that_is_away_is_told() -> None:
    outbox = await outbox_with(_S.QUEUED)
    outbox.away = True
    with pytest.raises(StorageUnavailableError):
        await cancel_in(outbox)(ID)
