"""The same request again: what is known of a key, and what is told of an interrupted request."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application import replays as module
from application.ports.idempotency import StoredAnswer
from application.ports.outbox import NewMessage
from application.replays import HOLD_S, Replays
from application.send_report import BLACKLISTED, STOPPING, SendReport
from domain.errors import KeyReusedError, RequestNotFoundError, RequestRunningError
from domain.idempotency import IdempotencyKey
from domain.message import Channel, Failure, Message, MessageStatus
from domain.phone import Phone
from domain.request import Request
from domain.segments import count_segments
from tests.fakes import NOW, FixedClock, MemoryMessages, MemoryOutbox

KEY = IdempotencyKey("account", "order-17", b"fingerprint")
REQUEST = UUID(int=1000)
ANSWER = StoredAnswer(200, {"Location": f"/requests/{REQUEST}"}, b'{"status":true}')
SEGMENTS = count_segments("Hello")
REFUSED = Failure("recipient_refused", "No such number.")
_S = MessageStatus


class Desk:
    """Replays, and the outbox whose keys and messages they read."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.outbox = MemoryOutbox(clock=self.clock)
        self.keys = self.outbox.keys
        self.replays = Replays(self.keys, MemoryMessages(self.outbox), self.clock)

    async def accept(self, messages: Sequence[Message], *, background: bool = False) -> None:
        request = Request(
            id=REQUEST,
            channel=Channel.SMS,
            text="Hello",
            recipients=len(messages),
            created_at=NOW,
            background=background,
        )
        news = [NewMessage(message, SEGMENTS, None) for message in messages]
        assert await self.outbox.accept(news, request, KEY)


def message(number: int, status: MessageStatus, failure: Failure | None = None) -> Message:
    return Message(
        id=UUID(int=number + 1),
        request_id=REQUEST,
        channel=Channel.SMS,
        recipient=Phone(f"+7701{number:07d}"),
        text="Hello",
        provider="smscru",
        status=status,
        created_at=NOW,
        updated_at=NOW,
        failure=failure,
    )


def plan(count: int) -> SendReport:
    """What a dry run says: other ids, the same recipients."""
    request = Request(
        id=UUID(int=5000), channel=Channel.SMS, text="Hello", recipients=count, created_at=NOW
    )
    planned = (
        replace(message(number, _S.QUEUED), id=UUID(int=6000 + number)) for number in range(count)
    )
    return SendReport(request, SEGMENTS, tuple(planned))


async def turns() -> None:
    """Let everything else run that needs no real time."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_new_key_has_no_earlier_call(desk: Desk) -> None:
    assert await desk.replays.earlier(KEY) is None


async def test_a_finished_call_has_its_answer(desk: Desk) -> None:
    await desk.accept([message(0, _S.SUBMITTED)])
    await desk.replays.finish(KEY, ANSWER)
    assert await desk.replays.earlier(KEY) == ANSWER


@pytest.mark.parametrize("finished", [True, False])
async def test_another_call_with_the_key_is_refused(desk: Desk, *, finished: bool) -> None:
    await desk.accept([message(0, _S.SUBMITTED)])
    if finished:
        await desk.replays.finish(KEY, ANSWER)
    with pytest.raises(KeyReusedError):
        await desk.replays.earlier(replace(KEY, fingerprint=b"another"))


async def test_keys_of_another_account_are_other_keys(desk: Desk) -> None:
    await desk.accept([message(0, _S.SUBMITTED)])
    assert await desk.replays.earlier(replace(KEY, account="another")) is None


async def test_a_call_that_is_being_served_is_told_so(desk: Desk) -> None:
    await desk.accept([message(0, _S.SENDING)])
    with pytest.raises(RequestRunningError):
        await desk.replays.earlier(KEY)


async def test_a_call_nobody_serves_any_more_is_known_by_its_request(desk: Desk) -> None:
    await desk.accept([message(0, _S.SUBMITTED)])
    desk.clock.at += timedelta(minutes=2)
    assert await desk.replays.earlier(KEY) == REQUEST


async def test_the_first_answer_stands(desk: Desk) -> None:
    await desk.accept([message(0, _S.SUBMITTED)])
    await desk.replays.finish(KEY, ANSWER)
    await desk.replays.finish(KEY, replace(ANSWER, status=202))
    assert await desk.replays.earlier(KEY) == ANSWER


async def test_an_answer_that_cannot_be_kept_is_no_error(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.keys.away = True
    with caplog.at_level(logging.WARNING):
        await desk.replays.finish(KEY, ANSWER)
    assert "not kept" in caplog.text
    assert KEY.key not in caplog.text


async def test_a_key_is_kept_while_it_is_served_and_no_longer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_S", 0.0)
    await desk.accept([message(0, _S.SENDING)])
    before = asyncio.all_tasks()
    async with desk.replays.kept(KEY):
        desk.clock.at += timedelta(minutes=2)
        await turns()
        with pytest.raises(RequestRunningError):
            await desk.replays.earlier(KEY)
    assert asyncio.all_tasks() == before


async def test_a_database_that_is_away_for_a_while_does_not_end_the_keeping(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_S", 0.0)
    await desk.accept([message(0, _S.SENDING)])
    row = desk.keys.rows[KEY.account, KEY.key]
    desk.keys.away = True
    async with desk.replays.kept(KEY):
        await turns()
        assert desk.keys.rows[KEY.account, KEY.key] is row
        desk.keys.away = False
        await turns()
        assert desk.keys.rows[KEY.account, KEY.key] is not row


async def test_what_fails_inside_ends_the_keeping_and_is_passed_on(desk: Desk) -> None:
    before = asyncio.all_tasks()
    with pytest.raises(ValueError, match="inside"):
        async with desk.replays.kept(KEY):
            raise ValueError("inside")
    assert asyncio.all_tasks() == before


async def test_what_was_never_written_is_not_sent_and_the_rest_is_as_it_is(desk: Desk) -> None:
    written = [message(0, _S.SUBMITTED), message(2, _S.REJECTED, REFUSED)]
    await desk.accept(written)
    report = await desk.replays.retold(REQUEST, plan(4))
    assert report.request.id == REQUEST
    assert report.messages[0] == written[0]
    assert report.messages[2] == written[1]
    for lost in (report.messages[1], report.messages[3]):
        assert (lost.status, lost.failure) == (_S.FAILED, STOPPING)
    assert report.failure_code == "not_all_accepted"


async def test_a_request_that_was_all_written_is_told_in_full(desk: Desk) -> None:
    written = [message(number, _S.SUBMITTED) for number in range(3)]
    await desk.accept(written)
    report = await desk.replays.retold(REQUEST, plan(3))
    assert report.messages == tuple(written)
    assert report.failure_code is None


async def test_of_a_message_still_in_doubt_nothing_is_told_yet(desk: Desk) -> None:
    await desk.accept([message(0, _S.SUBMITTED), message(1, _S.SENDING)])
    with pytest.raises(RequestRunningError):
        await desk.replays.retold(REQUEST, plan(2))


async def test_in_the_background_what_became_of_it_later_is_no_part_of_the_answer(
    desk: Desk,
) -> None:
    written = [
        message(0, _S.QUEUED, Failure("provider_unreachable", "No connection.")),
        message(1, _S.SENDING),
        message(2, _S.REJECTED, REFUSED),
        message(3, _S.BLOCKED, BLACKLISTED),
    ]
    await desk.accept(written, background=True)
    report = await desk.replays.retold(REQUEST, plan(4))
    assert report.failure_code is None
    assert [m.status for m in report.messages] == [m.status for m in written]
    assert report.messages[3].failure == BLACKLISTED


async def test_in_the_background_what_was_never_written_is_told(desk: Desk) -> None:
    await desk.accept([message(0, _S.QUEUED)], background=True)
    report = await desk.replays.retold(REQUEST, plan(2))
    assert report.failure_code == "not_sent"


async def test_a_request_that_is_not_kept_any_more_is_not_found(desk: Desk) -> None:
    with pytest.raises(RequestNotFoundError):
        await desk.replays.retold(REQUEST, plan(1))


@given(count=st.integers(1, 12), page=st.integers(1, 5), data=st.data())
async def test_every_recipient_is_told_of_once_whatever_was_written(
    count: int, page: int, data: st.DataObject
) -> None:
    numbers = data.draw(st.sets(st.integers(0, count - 1)))
    desk = Desk()
    await desk.accept([message(number, _S.SUBMITTED) for number in sorted(numbers)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAGE", page)
        report = await desk.replays.retold(REQUEST, plan(count))
    told = {m.recipient: m.failure for m in report.messages}
    assert len(report.messages) == len(told) == count
    for number in range(count):
        expected = None if number in numbers else STOPPING
        assert told[Phone(f"+7701{number:07d}")] == expected


async def test_who_could_not_say_for_long_that_it_goes_on_holds_a_key_no_more() -> None:
    desk = Desk()
    key, equal = (IdempotencyKey("", "order-17", bytes(32)) for _ in range(2))
    assert desk.replays.holds(key), "a call nobody keeps is not watched"
    async with desk.replays.kept(key):
        assert desk.replays.holds(key)
        desk.clock.advance(HOLD_S)
        async with desk.replays.kept(equal):
            assert not desk.replays.holds(key)
            assert desk.replays.holds(equal), "every call holds for itself"


async def test_who_says_that_it_goes_on_holds_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_S", 0.0)
    desk = Desk()
    key = IdempotencyKey("", "order-17", bytes(32))
    async with desk.replays.kept(key):
        desk.clock.advance(HOLD_S)
        async with asyncio.timeout(30):
            while not desk.replays.holds(key):  # noqa: ASYNC110 - a fake tells nobody
                await asyncio.sleep(0)
