"""What is old is removed, what is not, or not at rest, stays; on both databases."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.retention import (
    OldWebhooks,
    Simple,
    delete_inbound,
    delete_keys,
    empty_inbound,
)
from adapters.persistence.retention_kinds import EVERYTHING, TEXTS
from adapters.persistence.retention_requests import OldRequests
from adapters.persistence.tables import (
    events,
    idempotency_keys,
    inbound,
    messages,
    requests,
    webhook_deliveries,
    webhook_events,
)
from adapters.persistence.transactions import Work
from adapters.persistence.webhook_reads import SqlWebhookRepository
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.outbox import Outbox
from application.ports.repositories import MessageRepository
from application.ports.retention import Remover
from application.ports.webhooks import Told
from application.retention import cutoff
from benchmarks.history import SAID, TEXT, Past, Written, id_of, write
from domain.message import MessageStatus
from domain.webhook import Delivery, delivery_id
from tests.contracts.outbox.fixtures import claim_one, queue_one
from tests.integration.conftest import postgres_target
from tests.integration.persistence.database import Database, Process
from tests.postgres import PostgresServer

S = MessageStatus
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
KEEP = timedelta(days=1)
OLD = NOW - 2 * DAY
VERY_OLD = NOW - 9 * DAY
YOUNG = NOW - timedelta(hours=23)
FINAL = [S.DELIVERED, S.UNDELIVERABLE, S.EXPIRED, S.REJECTED, S.FAILED, S.CANCELED, S.BLOCKED]
Row = dict[str, Any]
_T = TypeVar("_T")
Do = Callable[[Callable[[sa.Connection], Any]], Awaitable[Any]]


async def clear(remover: Remover, limit: int = 10) -> int:
    """Go by the rule once, to the end."""
    removed = 0
    for _ in range(10_000):
        step = await remover.step(cutoff(NOW, KEEP), limit)
        assert step.held_s >= 0
        removed += step.removed
        if not step.more:
            return removed
    raise AssertionError("no end")


class OnDatabase(Database):
    @pytest.fixture
    def transactions(self, process: Process) -> ShortTransactions:
        return ShortTransactions(process.commits, process.engines.reader)

    @pytest.fixture
    def texts(self, transactions: ShortTransactions) -> OldRequests:
        return OldRequests(transactions, TEXTS, announced=True)

    @pytest.fixture
    def everything(self, transactions: ShortTransactions) -> OldRequests:
        return OldRequests(transactions, EVERYTHING, announced=True)

    @pytest.fixture
    def do(self, process: Process) -> Do:
        return process.engines.writer.run


async def past(do: Do, *stories: Past) -> list[Written]:
    written: list[Written] = []
    for one in stories:
        written += await do(partial(write, past=[one]))
    return written


async def insert(do: Do, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await do(lambda connection: connection.execute(sa.insert(table), rows))


async def left(do: Do, column: sa.Column[Any]) -> list[Any]:
    query = sa.select(column).order_by(column)
    return list(await do(lambda connection: connection.execute(query).scalars().all()))


class TestTexts(OnDatabase):
    @pytest.mark.parametrize("status", FINAL)
    async def test_the_text_of_what_has_ended_is_removed(
        self, do: Do, texts: OldRequests, status: MessageStatus
    ) -> None:
        await past(do, Past(at=OLD, statuses=[status]))
        assert await clear(texts) == 1
        assert await left(do, requests.c.text) == [""]
        assert SAID not in [*await left(do, messages.c.error_text)]

    @pytest.mark.parametrize("status", [S.QUEUED, S.SENDING])
    async def test_the_text_of_what_may_still_be_sent_stays(
        self, do: Do, texts: OldRequests, status: MessageStatus
    ) -> None:
        await past(do, Past(at=VERY_OLD, statuses=[*FINAL, status]))
        assert await clear(texts) == 0
        assert await left(do, requests.c.text) == [TEXT]

    @pytest.mark.parametrize(
        ("status", "changed_at", "lookup_at", "expected"),
        [
            (S.SUBMITTED, NOW - 3 * DAY + timedelta(minutes=1), None, TEXT),
            (S.SUBMITTED, NOW - 3 * DAY - timedelta(minutes=1), None, ""),
            (S.UNKNOWN, NOW - 3 * DAY + timedelta(minutes=1), None, TEXT),
            (S.UNKNOWN, NOW - 3 * DAY - timedelta(minutes=1), None, ""),
            (S.UNKNOWN, VERY_OLD, VERY_OLD, TEXT),
        ],
    )
    async def test_where_the_end_is_not_known_it_stays_until_nobody_is_asked(  # noqa: PLR0913, PLR0917 - a table
        self,
        do: Do,
        texts: OldRequests,
        status: MessageStatus,
        changed_at: datetime,
        lookup_at: datetime | None,
        expected: str,
    ) -> None:
        more = {"lookup_at": lookup_at}
        await past(do, Past(at=VERY_OLD, changed_at=changed_at, statuses=[status], more=more))
        await clear(texts)
        assert await left(do, requests.c.text) == [expected]

    async def test_a_message_that_changed_of_late_keeps_its_text(
        self, do: Do, texts: OldRequests
    ) -> None:
        await past(do, Past(at=VERY_OLD, changed_at=YOUNG), Past(at=YOUNG))
        assert await clear(texts) == 0
        assert await left(do, requests.c.text) == [TEXT, TEXT]

    async def test_a_request_whose_messages_are_still_being_written_keeps_its_text(
        self, do: Do, texts: OldRequests
    ) -> None:
        await past(do, Past(at=OLD, recipients=2), Past(at=VERY_OLD, recipients=2), Past(at=OLD))
        assert await clear(texts) == 2
        assert await left(do, requests.c.text) == ["", "", TEXT]

    async def test_sentences_of_providers_go_with_it_and_the_story_stays(
        self, do: Do, texts: OldRequests, reader: MessageRepository
    ) -> None:
        (written,) = await past(do, Past(at=OLD, statuses=[S.FAILED]))
        before = await reader.message(written.messages[0])
        await clear(texts)
        after = await reader.message(written.messages[0])
        assert before is not None
        assert after is not None
        assert [event.name for event in after.history] == [event.name for event in before.history]
        assert {event.text for event in after.history} == {""}
        assert after.message.failure is not None
        assert (after.message.failure.code, after.message.failure.text) == ("refused", "")
        assert after.segments == before.segments
        assert await clear(texts) == 0

    async def test_a_message_nobody_was_told_of_keeps_its_sentences(
        self, do: Do, texts: OldRequests
    ) -> None:
        await past(do, Past(at=OLD))
        untold = sa.update(events).where(events.c.name == "delivered").values(untold=True)
        await do(lambda connection: connection.execute(untold))
        assert await clear(texts) == 0
        assert await left(do, events.c.text) == [SAID, SAID]

    async def test_where_nobody_is_told_any_more_it_loses_them(
        self, do: Do, transactions: ShortTransactions
    ) -> None:
        await past(do, Past(at=OLD))
        untold = sa.update(events).where(events.c.name == "delivered").values(untold=True)
        await do(lambda connection: connection.execute(untold))
        assert await clear(OldRequests(transactions, TEXTS, announced=False)) == 1
        assert await left(do, events.c.text) == ["", ""]
        assert await clear(OldRequests(transactions, EVERYTHING, announced=False)) == 1
        assert await left(do, events.c.id) == []


class TestEverything(OnDatabase):
    async def test_what_is_old_goes_with_all_that_belongs_to_it(
        self, do: Do, everything: OldRequests, reader: MessageRepository
    ) -> None:
        old, young = await past(do, Past(at=OLD, statuses=FINAL), Past(at=YOUNG))
        keys = [_key("old", OLD, old.request), _key("young", YOUNG, young.request)]
        await insert(do, idempotency_keys, keys)
        assert await clear(everything) == len(FINAL)
        assert await left(do, requests.c.id) == [young.request]
        assert await left(do, messages.c.id) == [*young.messages]
        assert set(await left(do, events.c.message_id)) == {*young.messages}
        assert await left(do, idempotency_keys.c.key) == ["young"]
        assert await reader.message(old.messages[0]) is None
        assert await reader.message(young.messages[0]) is not None

    async def test_a_request_stays_with_its_key_as_long_as_one_of_its_messages(
        self, do: Do, everything: OldRequests
    ) -> None:
        (written,) = await past(do, Past(at=VERY_OLD, statuses=[S.DELIVERED, S.QUEUED]))
        keys = [_key("mine", VERY_OLD, written.request)]
        await insert(do, idempotency_keys, keys)
        assert await clear(everything) == 1
        assert await left(do, messages.c.id) == [written.messages[1]]
        assert await left(do, idempotency_keys.c.key) == ["mine"]
        done = sa.update(messages).values(status=S.DELIVERED)
        await do(lambda connection: connection.execute(done))
        assert await clear(everything) == 1
        assert await left(do, requests.c.id) == []
        assert await left(do, idempotency_keys.c.key) == []

    async def test_a_request_without_messages_goes_too(
        self, do: Do, everything: OldRequests
    ) -> None:
        await past(do, Past(at=VERY_OLD, statuses=[]))
        await clear(everything)
        assert await left(do, requests.c.id) == []

    async def test_a_text_that_was_removed_first_hinders_nothing(
        self, do: Do, texts: OldRequests, everything: OldRequests
    ) -> None:
        await past(do, Past(at=VERY_OLD, statuses=FINAL))
        await clear(texts)
        assert await clear(everything) == len(FINAL)

    @pytest.mark.parametrize("seed", range(10))
    async def test_whatever_the_size_of_a_step_all_that_is_at_rest_goes_and_nothing_else(
        self, do: Do, everything: OldRequests, seed: int
    ) -> None:
        choice = Random(seed)  # noqa: S311 - no secret
        some = [S.DELIVERED, S.FAILED, S.QUEUED]
        stories = [choice.choices(some, k=choice.randrange(12)) for _ in range(6)]
        written = await past(do, *(Past(at=VERY_OLD, statuses=one) for one in stories))
        await clear(everything, choice.randint(1, 15))
        expected = {
            id_: one.request
            for one, statuses in zip(written, stories, strict=True)
            for id_, status in zip(one.messages, statuses, strict=True)
            if status is S.QUEUED
        }
        assert await left(do, messages.c.id) == sorted(expected)
        assert await left(do, requests.c.id) == sorted({*expected.values()})

    async def test_what_is_under_way_is_not_touched(
        self, do: Do, everything: OldRequests, outbox: Outbox
    ) -> None:
        new = await queue_one(outbox)
        await claim_one(outbox)
        aged = sa.update(messages).values(created_at=VERY_OLD, updated_at=VERY_OLD)
        await do(lambda connection: connection.execute(aged))
        assert new.message.id in await left(do, messages.c.id)
        await clear(everything)
        assert new.message.id in await left(do, messages.c.id)

    async def test_several_processes_may_remove_the_same_things_at_once(
        self, do: Do, process: Process
    ) -> None:
        await past(do, *(Past(at=VERY_OLD, statuses=FINAL) for _ in range(60)))
        several = [
            OldRequests(
                ShortTransactions(process.commits, process.engines.reader),
                EVERYTHING,
                announced=True,
            )
            for _ in range(3)
        ]
        removed = await asyncio.gather(*map(clear, several))
        await clear(several[0])  # what one of them was at, another one has passed by
        assert sum(removed) <= 60 * len(FINAL)
        assert await left(do, messages.c.id) == await left(do, requests.c.id) == []
        assert await left(do, events.c.id) == []


class TestOnPostgres(OnDatabase):
    @pytest.fixture
    def target(self, postgres_server: PostgresServer) -> DatabaseTarget:
        """SQLite has one writer."""
        return postgres_target(postgres_server)

    async def test_what_somebody_else_has_locked_is_left_for_the_next_time(
        self, do: Do, everything: OldRequests, process: Process
    ) -> None:
        one, other = await past(do, Past(at=VERY_OLD), Past(at=VERY_OLD, statuses=[S.FAILED]))
        async with process.engines.reader.connect() as connection:
            locked = sa.select(messages).where(messages.c.id == one.messages[0])
            await connection.execute(locked.with_for_update())
            assert await clear(everything) == 1
            assert await left(do, messages.c.id) == [*one.messages]
            assert await left(do, requests.c.id) == [one.request]
        assert other.request != one.request
        assert await clear(everything) == 1
        assert await left(do, requests.c.id) == []


class TestInbound(OnDatabase):
    async def test_texts_go_first_and_then_the_messages(
        self, do: Do, transactions: ShortTransactions
    ) -> None:
        rows = [_inbound(OLD) for _ in range(25)] + [_inbound(YOUNG)]
        await insert(do, inbound, rows)
        assert await clear(Simple(transactions, empty_inbound)) == 25
        assert await left(do, inbound.c.text) == [*[""] * 25, "Стоп"]
        assert await clear(Simple(transactions, empty_inbound)) == 0
        assert await clear(Simple(transactions, delete_inbound)) == 25
        assert await left(do, inbound.c.received_at) == [YOUNG]


class TestKeys(OnDatabase):
    async def test_keys_without_a_request_go_by_their_own_age(
        self, do: Do, transactions: ShortTransactions
    ) -> None:
        rows = [_key(f"old {number}", OLD, None) for number in range(25)]
        rows += [_key("young", YOUNG, None), _key("of a request", OLD, uuid4())]
        rows += [_key("running", OLD, None) | {"running_until": NOW}]
        await insert(do, idempotency_keys, rows)
        assert await clear(Simple(transactions, delete_keys)) == 25
        assert await left(do, idempotency_keys.c.key) == ["of a request", "running", "young"]


class TestWebhooks(OnDatabase):
    async def test_events_go_with_their_deliveries_once_none_waits_or_was_posted_of_late(
        self, do: Do, transactions: ShortTransactions
    ) -> None:
        stories: Sequence[tuple[datetime, Sequence[tuple[str, datetime]]]] = [
            *[(OLD, [("delivered", OLD), ("failed", OLD)])] * 25,
            *[(OLD, [("delivered", OLD), ("pending", OLD)])] * 11,
            (OLD, [("delivered", YOUNG)]),
            (YOUNG, [("delivered", YOUNG)]),
            (OLD, []),
        ]
        kept: list[UUID] = []
        for at, deliveries in stories:
            event, rows = _webhook(at, deliveries)
            await insert(do, webhook_events, [event])
            await insert(do, webhook_deliveries, rows)
            if any(status == "pending" or then == YOUNG for status, then in deliveries):
                kept.append(event["id"])
        assert await clear(OldWebhooks(transactions, announced=True)) == 26
        assert await left(do, webhook_events.c.id) == sorted(kept)
        assert set(await left(do, webhook_deliveries.c.event_id)) == set(kept)

    async def test_where_nobody_is_told_any_more_what_waits_goes_too(
        self, do: Do, transactions: ShortTransactions
    ) -> None:
        for at in (OLD, YOUNG):
            event, rows = _webhook(at, [("pending", at)])
            await insert(do, webhook_events, [event])
            await insert(do, webhook_deliveries, rows)
        assert await clear(OldWebhooks(transactions, announced=False)) == 1
        assert await left(do, webhook_deliveries.c.updated_at) == [YOUNG]


class Held(ShortTransactions):
    """Commits only when it is told to."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.commits, process.engines.reader)
        self.done, self.go = asyncio.Event(), asyncio.Event()

    async def run(self, work: Work[_T]) -> _T:
        async with self._engine.begin() as connection:
            result = await connection.run_sync(work)
            self.done.set()
            await self.go.wait()
            return result


class TestWebhooksToldAgain(OnDatabase):
    @pytest.fixture
    def target(self, postgres_server: PostgresServer) -> DatabaseTarget:
        """SQLite has one writer."""
        return postgres_target(postgres_server)

    @pytest.fixture
    async def event(self, do: Do) -> Row:
        """An old event, told long ago."""
        event, rows = _webhook(OLD, [("delivered", OLD)])
        event["delivery"] = rows[0]["id"] = delivery_id(event["id"], OLD, rows[0]["url"])
        await insert(do, webhook_events, [{k: event[k] for k in event.keys() - {"delivery"}}])
        await insert(do, webhook_deliveries, rows)
        return event

    @pytest.mark.parametrize("again", ["delivery", "event"])
    async def test_what_is_being_told_again_is_not_removed(
        self, do: Do, transactions: ShortTransactions, process: Process, event: Row, again: str
    ) -> None:
        held = Held(process)
        repeating = asyncio.create_task(_repeat(held, event, again))
        await held.done.wait()
        assert await clear(OldWebhooks(transactions, announced=True)) == 0
        held.go.set()
        await repeating
        assert await left(do, webhook_events.c.id) == [event["id"]]
        assert await left(do, webhook_deliveries.c.status) == ["pending"]

    @pytest.mark.parametrize("again", ["delivery", "event"])
    async def test_what_is_being_removed_is_not_told_again(
        self, do: Do, transactions: ShortTransactions, process: Process, event: Row, again: str
    ) -> None:
        held = Held(process)
        removing = asyncio.create_task(clear(OldWebhooks(held, announced=True)))
        await held.done.wait()
        repeating = asyncio.create_task(_repeat(transactions, event, again))
        held.go.set()
        assert await removing == 1
        assert await repeating is None
        assert await left(do, webhook_events.c.id) == []
        assert await left(do, webhook_deliveries.c.id) == []


async def _repeat(transactions: ShortTransactions, event: Row, again: str) -> Delivery | None:
    repository = SqlWebhookRepository(transactions)
    if again == "delivery":
        return await repository.repeat(event["delivery"], NOW)
    told = Told(event["id"], event["at"], None)
    await repository.repeat_events([told], [["https://shop.example.com/hook"]], NOW)
    return None


def _key(key: str, at: datetime, request_id: UUID | None) -> dict[str, Any]:
    return {
        "account": "backend",
        "key": key,
        "fingerprint": b"\0",
        "request_id": request_id,
        "created_at": at,
        "running_until": at + timedelta(minutes=1),
    }


def _inbound(at: datetime) -> dict[str, Any]:
    return {
        "id": id_of(at),
        "provider": "twilio",
        "phone": "77011234567",
        "to": "77770000000",
        "text": "Стоп",
        "received_at": at,
    }


def _webhook(
    at: datetime, deliveries: Sequence[tuple[str, datetime]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    event = {"id": uuid4(), "type": "message.delivered", "at": at, "body": b"{}"}
    rows = [
        {
            "id": id_of(at),
            "event_id": event["id"],
            "url": "https://shop.example.com/hook",
            "host": "shop.example.com",
            "status": status,
            "attempts": 1,
            "created_at": at,
            "updated_at": changed_at,
            "due_at": changed_at,
        }
        for status, changed_at in deliveries
    ]
    return event, rows
