"""Take back what has not left."""

from contextlib import nullcontext, suppress
from dataclasses import replace
from uuid import UUID

import pytest

from application.cancellation import CancelMessage
from application.errors import StorageUnavailableError
from application.ports.outbox import NewMessage
from application.stories import Stories
from domain.errors import MessageNotFoundError, NotCancelableError
from domain.event import Event
from domain.message import MessageStatus
from domain.segments import count_segments
from tests.fakes import FixedClock, MemoryMessages, MemoryOutbox, PlainNumbering
from tests.fakes.audit import OPERATOR, MemoryAuditLog, an_audit
from tests.fakes.telemetry import HeardTelemetry
from tests.unit.application.test_replays import message

_S = MessageStatus
ID = UUID(int=1)


async def outbox_with(status: MessageStatus) -> MemoryOutbox:
    outbox = MemoryOutbox()
    await outbox.accept([NewMessage(message(0, status), count_segments("Hello"), None)])
    return outbox


def cancel_in(
    outbox: MemoryOutbox,
    log: MemoryAuditLog | None = None,
    telemetry: HeardTelemetry | None = None,
) -> CancelMessage:
    stories = Stories(MemoryMessages(outbox), PlainNumbering())
    heard = telemetry or HeardTelemetry()
    return CancelMessage(outbox, stories, FixedClock(), an_audit(log), heard)


class LeavesFirst(MemoryOutbox):
    """The message leaves, or somebody else cancels it, between the look and the cancel."""

    became = _S.SENDING

    async def cancel(self, message_id: UUID, event: Event) -> bool:
        row = self.rows[message_id]
        row.stored = replace(row.stored, message=replace(row.stored.message, status=self.became))
        return await super().cancel(message_id, event)


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


async def test_the_answer_is_what_is_on_disk() -> None:
    outbox = await outbox_with(_S.QUEUED)
    stored = await cancel_in(outbox)(ID)
    assert await MemoryMessages(outbox).message(ID) == stored


async def test_only_a_cancel_that_happened_is_audited_and_counted() -> None:
    outbox, log, heard = await outbox_with(_S.QUEUED), MemoryAuditLog(), HeardTelemetry()
    cancel = cancel_in(outbox, log, heard)
    await cancel(ID, by=OPERATOR)
    await cancel(ID, by=OPERATOR)
    assert [(entry.action, entry.actor) for entry in log.kept] == [
        ("message.canceled", OPERATOR.name)
    ]
    assert heard.heard == [("canceled", "smscru")]


@pytest.mark.parametrize("became", [_S.SENDING, _S.CANCELED])
async def test_what_is_gone_at_the_last_moment_is_not_audited(became: MessageStatus) -> None:
    outbox, log, heard = LeavesFirst(), MemoryAuditLog(), HeardTelemetry()
    outbox.became = became
    await outbox.accept([NewMessage(message(0, _S.QUEUED), count_segments("Hello"), None)])
    with nullcontext() if became is _S.CANCELED else pytest.raises(NotCancelableError):
        assert (await cancel_in(outbox, log, heard)(ID)).message.status is _S.CANCELED
    assert (log.kept, heard.heard) == ([], [])


@pytest.mark.parametrize("status", sorted(set(_S) - {_S.QUEUED}))
async def test_a_cancel_that_came_to_nothing_leaves_no_entry(status: MessageStatus) -> None:
    log = MemoryAuditLog()
    with suppress(NotCancelableError):
        await cancel_in(await outbox_with(status), log)(ID)
    assert log.kept == []


async def test_a_database_that_is_away_is_told() -> None:
    outbox = await outbox_with(_S.QUEUED)
    outbox.away = True
    with pytest.raises(StorageUnavailableError):
        await cancel_in(outbox)(ID)
