"""The outbox on SQLite: what it costs, and what the clock may do."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from adapters.ids import TimeOrderedIds
from adapters.persistence.bell import Bell
from adapters.persistence.blacklist_lookup import SqliteLookup
from adapters.persistence.engines import DatabaseTarget, Engines, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.idempotency import SqlIdempotency
from adapters.persistence.messages import SqlMessageRepository
from adapters.persistence.provider_states import SqlProviderStates
from adapters.persistence.sqlite_outbox import SqliteOutbox
from adapters.persistence.storage import SqlStorage
from application.errors import StorageUnavailableError
from application.ports.repositories import MessageFilter
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Failure
from domain.terms import Terms
from tests.contracts.outbox.fixtures import (
    HOUR,
    NO_ANSWER,
    PROVIDER,
    a_queued,
    a_request,
    a_sending,
    found,
    now,
    queue_one,
    settled,
    wanted,
)
from tests.fakes.system import FixedClock
from tests.integration.conftest import sqlite_target

MANY = 3000
OF_WHAT_IS_BEING_SENT = "SCAN sms_messages USING INDEX ix_sms_messages_leased"
NO_MONEY = Failure("provider_no_money", "no money")


@pytest.fixture
def target(tmp_path: Path) -> DatabaseTarget:
    return sqlite_target(tmp_path)


@pytest.fixture
def engines(target: DatabaseTarget) -> Engines:
    return open_engines(target)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(now())


@pytest.fixture
async def commits(target: DatabaseTarget, engines: Engines) -> AsyncIterator[GroupCommit]:
    path = target.sqlite_path
    assert path is not None
    commits = GroupCommit(engines.writer)
    storage = SqlStorage(target, engines, commits, SqliteLookup(path))
    await storage.open()
    yield commits
    await storage.close()


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def outbox(commits: GroupCommit, bell: Bell, clock: FixedClock) -> SqliteOutbox:
    return SqliteOutbox(commits, uuid4(), bell, clock, TimeOrderedIds())


@pytest.fixture
def reader(engines: Engines) -> SqlMessageRepository:
    return SqlMessageRepository(engines.reader)


@pytest.fixture
def states(commits: GroupCommit, engines: Engines, clock: FixedClock) -> SqlProviderStates:
    return SqlProviderStates(commits, engines.reader, clock)


@pytest.fixture
def log_size(target: DatabaseTarget) -> Callable[[], int]:
    """Measure the log: what is not written there is not flushed."""
    path = target.sqlite_path
    assert path is not None
    log = path.with_name(f"{path.name}-wal")
    return lambda: log.stat().st_size


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that is run on a connection opened from here on."""
    heard: list[str] = []

    def listen(connection: Any, _: object) -> None:  # noqa: ANN401 - of either driver
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(heard.append)
        else:
            connection.run_async(lambda driver: driver.set_trace_callback(heard.append))

    sa.event.listen(sa.Pool, "connect", listen)
    yield heard
    sa.event.remove(sa.Pool, "connect", listen)


async def queue_many(outbox: SqliteOutbox, count: int) -> None:
    request = a_request(count)
    news = [a_queued(request, n, due_at=now() + timedelta(days=1, seconds=n)) for n in range(count)]
    await outbox.accept([], request)
    for start in range(0, count, 1000):
        await outbox.accept(news[start : start + 1000])


async def test_every_question_is_answered_by_an_index(
    statements: list[str],
    target: DatabaseTarget,
    outbox: SqliteOutbox,
    reader: SqlMessageRepository,
) -> None:
    await queue_many(outbox, MANY)
    done = a_request()
    new = a_sending(done)
    await outbox.accept([new], done)
    phone = new.message.recipient
    statements.clear()
    await outbox.claim(wanted())
    await outbox.claim_doubts(wanted())
    await outbox.divert(PROVIDER, frozenset({PROVIDER}))
    await outbox.sweep()
    await outbox.backlog([PROVIDER])
    await outbox.cancel(new.message.id, Event(at=now(), name=EventName.CANCELED))
    assert await outbox.settle(settled(new))
    assert not await outbox.settle(settled(new, token=uuid4()))
    await reader.find(MessageFilter(phone=phone), before=None, limit=10)
    await reader.find(MessageFilter(reference="order-17"), before=None, limit=10)
    await reader.find(MessageFilter(since=now(), until=now()), before=None, limit=10)
    await reader.taken_ids(new.message)
    asked = [s for s in statements if "sms_" in s and s.startswith(("SELECT", "UPDATE"))]
    assert len(asked) >= 15
    with closing(sqlite3.connect(str(target.sqlite_path))) as connection:
        for statement in asked:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            steps = {row[3] for row in plan if "SCAN sms_" in row[3]}
            assert steps <= {OF_WHAT_IS_BEING_SENT}, statement


async def test_a_claim_that_takes_nothing_writes_nothing(
    outbox: SqliteOutbox, states: SqlProviderStates, log_size: Callable[[], int]
) -> None:
    await queue_many(outbox, 10)
    await queue_one(outbox)
    await states.reserve(PROVIDER, cost=100, spacing_s=1, patience_s=0)
    before = log_size()
    for want in (wanted("twilio"), replace(wanted(), spacing_s=1.0)):
        assert not (await outbox.claim(want)).claimed
        assert not await outbox.claim_doubts(want)
    await states.reserve(PROVIDER, cost=1, spacing_s=0, patience_s=0)
    assert log_size() == before
    assert (await outbox.claim(wanted())).claimed
    assert log_size() > before


async def test_a_fenced_settlement_costs_its_neighbours_no_transaction_of_their_own(
    statements: list[str], outbox: SqliteOutbox
) -> None:
    request = a_request(20)
    news = [a_sending(request, number) for number in range(20)]
    await outbox.accept(news, request)
    statements.clear()
    done = await asyncio.gather(
        outbox.settle(settled(news[0], token=uuid4())),
        *(outbox.settle(settled(new)) for new in news[1:]),
    )
    assert done == [False] + [True] * 19
    assert statements.count("COMMIT") == 1


async def test_messages_for_later_are_not_in_the_way(
    outbox: SqliteOutbox, clock: FixedClock
) -> None:
    await queue_many(outbox, MANY)
    new = await queue_one(outbox)
    claim = await outbox.claim(wanted())
    assert [claimed.message.id for claimed in claim.claimed] == [new.message.id]
    assert claim.wait_s == pytest.approx(86400, abs=60)
    clock.at += timedelta(days=1, seconds=MANY + 60)
    assert len((await outbox.claim(wanted(limit=MANY))).claimed) == MANY


async def test_many_claimers_never_share_a_message(outbox: SqliteOutbox) -> None:
    request = a_request(1000)
    await outbox.accept([a_queued(request, number) for number in range(1000)], request)
    taken: list[UUID] = []

    async def claim() -> None:
        while claimed := (await outbox.claim(wanted(limit=7))).claimed:
            taken.extend(one.message.id for one in claimed)

    await asyncio.gather(*(claim() for _ in range(8)))
    assert len(taken) == len(set(taken)) == 1000


async def test_a_clock_set_back_an_hour_holds_up_no_sending(
    outbox: SqliteOutbox, states: SqlProviderStates, clock: FixedClock
) -> None:
    request = a_request(5)
    early = clock.at - 2 * HOUR
    await outbox.accept([a_queued(request, n, due_at=early) for n in range(5)], request)
    paced = replace(wanted(limit=1), spacing_s=10.0)
    assert (await outbox.claim(paced)).claimed
    clock.at -= HOUR
    assert [one.start_in_s for one in (await outbox.claim(paced)).claimed] == [0]
    assert not (await outbox.claim(paced)).claimed
    clock.at -= HOUR
    assert await states.reserve(PROVIDER, cost=1, spacing_s=10, patience_s=5) == 0


async def test_a_clock_set_forward_takes_no_lease_away(
    outbox: SqliteOutbox, clock: FixedClock
) -> None:
    request = a_request()
    new = a_sending(request, length_s=30)
    await outbox.accept([new], request)
    clock.at += 24 * HOUR
    assert (await outbox.sweep()).in_doubt == 0
    assert await outbox.settle(settled(new))


async def test_the_last_message_may_take_more_slots_than_are_left(
    outbox: SqliteOutbox, clock: FixedClock
) -> None:
    request = a_request(3, text="a" * 400)
    await outbox.accept([a_queued(request, number) for number in range(3)], request)
    paced = replace(wanted(), spacing_s=1.0, horizon_s=3.5)
    claim = await outbox.claim(paced)
    assert [one.start_in_s for one in claim.claimed] == [0, 3]
    assert claim.wait_s == 3.5
    clock.at += timedelta(seconds=claim.wait_s)
    assert [one.start_in_s for one in (await outbox.claim(paced)).claimed] == [2.5]


async def test_who_asked_for_as_many_as_there_are_due_may_ask_again_at_once(
    outbox: SqliteOutbox,
) -> None:
    request = a_request(3)
    await outbox.accept([a_queued(request, number) for number in range(3)], request)
    assert (await outbox.claim(wanted(limit=2))).wait_s == 0
    assert (await outbox.claim(wanted(limit=2))).wait_s is None


async def test_a_route_that_leads_nowhere_does_not_block_those_behind(
    outbox: SqliteOutbox, reader: SqlMessageRepository
) -> None:
    stuck = a_request(1500, terms=Terms(route=(PROVIDER, "twilio")))
    news = [a_queued(stuck, number) for number in range(1500)]
    await outbox.accept(news[:1000], stuck)
    await outbox.accept(news[1000:])
    free = a_request(terms=Terms(route=(PROVIDER, "twilio", "mobizonkz")))
    last = a_queued(free, due_at=now() - HOUR / 2)
    await outbox.accept([last], free)
    avoid = frozenset({PROVIDER, "twilio"})
    assert await outbox.divert(PROVIDER, avoid) == 1
    assert await outbox.divert(PROVIDER, avoid) == 0
    stored = await found(reader, last.message.id)
    assert (stored.message.provider, stored.history[-1].name) == ("mobizonkz", "routed")


@pytest.mark.parametrize("way", ["accept", "settle", "release", "divert"])
async def test_whatever_queues_a_message_rings_for_its_provider(
    outbox: SqliteOutbox, bell: Bell, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    route = Terms(route=(PROVIDER, "twilio"))
    request = a_request(2, terms=route)
    queued, sending = a_queued(request, 1), a_sending(request, 2)
    await outbox.accept([queued, sending], request)
    rings: list[str] = []
    monkeypatch.setattr(bell, "ring", rings.append)
    if way == "accept":
        other = a_request()
        await outbox.accept([a_queued(other), a_sending(other)], other)
    elif way == "settle":
        again = sending.message.deferred(now(), NO_MONEY, PROVIDER)
        await outbox.settle(replace(settled(sending), message=again))
    elif way == "release":
        claim = await outbox.claim(wanted())
        await outbox.release([claim.claimed[0].lease])
    else:
        await outbox.divert(PROVIDER, frozenset({PROVIDER}))
    assert rings == ["twilio" if way == "divert" else PROVIDER]


async def test_what_is_sent_at_once_rings_for_nobody(
    outbox: SqliteOutbox, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[str] = []
    monkeypatch.setattr(bell, "ring", rings.append)
    request = a_request()
    new = a_sending(request)
    await outbox.accept([new], request)
    await outbox.settle(settled(new, NO_ANSWER))
    assert rings == []


async def test_a_database_that_cannot_be_written_is_told_as_away(
    outbox: SqliteOutbox, commits: GroupCommit, reader: SqlMessageRepository
) -> None:
    await commits.run(_write_no_more, None)
    with pytest.raises(StorageUnavailableError):
        await queue_one(outbox)
    new = await queue_one(outbox)
    assert await reader.message(new.message.id) is not None


def _write_no_more(connection: sa.Connection, items: Sequence[None]) -> Sequence[None]:
    connection.exec_driver_sql("PRAGMA query_only=ON")
    return items


async def test_a_key_of_another_start_is_served_by_nobody(
    outbox: SqliteOutbox, commits: GroupCommit, engines: Engines, clock: FixedClock
) -> None:
    await outbox.accept([], a_request(), IdempotencyKey("caller", "key", b""))
    stranger = SqlIdempotency(commits, engines.reader, uuid4(), clock)
    record = await stranger.find("caller", "key")
    assert record is not None
    assert not record.running
