"""Webhooks on both databases: the contract, and what only a database can get wrong."""

import asyncio
from datetime import datetime

import pytest
import sqlalchemy as sa

from adapters.persistence.webhook_outbox import SqlWebhookOutbox, _note
from adapters.persistence.webhook_reads import SqlWebhookRepository
from adapters.persistence.webhook_rows import NewEvent, insert_events, insert_received
from adapters.persistence.webhook_transactions import ShortTransactions
from domain.inbound import InboundMessage
from domain.webhook import RECEIVED, Answered, received_id
from tests.contracts.webhooks import (
    ALL,
    BAD,
    GONE,
    GOOD,
    NOW,
    URL,
    Publish,
    WebhooksContract,
    claim,
    event,
)
from tests.contracts.webhooks import settle as settle_post
from tests.fakes import CountingIds
from tests.integration.persistence.database import Database, Process


class SqlWebhooks(SqlWebhookOutbox, SqlWebhookRepository):
    """Both sides of it."""


class OnDatabase(Database):
    @pytest.fixture
    def transactions(self, process: Process) -> ShortTransactions:
        return ShortTransactions(process.commits, process.engines.reader)

    @pytest.fixture
    def store(self, transactions: ShortTransactions) -> SqlWebhooks:
        return SqlWebhooks(transactions)

    @pytest.fixture
    def publish(self, transactions: ShortTransactions) -> Publish:
        async def publish(event: NewEvent, now: datetime) -> None:
            await transactions.run(lambda connection: insert_events(connection, [event], now))

        return publish


class TestWebhooks(OnDatabase, WebhooksContract):
    pass


INBOUND = InboundMessage(
    id=CountingIds().new(),
    provider="smscru",
    phone="77011234567",
    to="77770000000",
    text="Стоп",
    received_at=NOW,
)


class TestInbound(OnDatabase):
    async def test_a_subscribers_message_is_told_to_the_deployments_addresses_once(
        self, store: SqlWebhooks, transactions: ShortTransactions
    ) -> None:
        def write(connection: sa.Connection) -> None:
            insert_received(connection, INBOUND, b"{}", [URL], NOW)

        await transactions.run(write)
        await transactions.run(write)
        (post,) = await claim(store)
        assert (post.delivery.event_type, post.body) == (RECEIVED, b"{}")
        assert post.delivery.event_id == received_id(INBOUND.id)
        assert post.delivery.message_id is None

    async def test_without_addresses_nothing_is_written(
        self, store: SqlWebhooks, transactions: ShortTransactions
    ) -> None:
        await transactions.run(lambda c: insert_received(c, INBOUND, b"{}", [], NOW))
        assert await store.told(NOW, after=None, limit=9) == []

    async def test_it_is_not_told_to_an_address_that_is_disabled(
        self, store: SqlWebhooks, publish: Publish, transactions: ShortTransactions
    ) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        await settle_post(store, post, GONE)
        await transactions.run(lambda c: insert_received(c, INBOUND, b"{}", [URL], NOW))
        found = await store.find(ALL, before=None, limit=9)
        assert [delivery.event_type for delivery in found] == ["message.delivered"]
        assert len(await store.told(NOW, after=None, limit=9)) == 2


class TestRaces(OnDatabase):
    @pytest.mark.parametrize("answers", [(GONE, BAD), (BAD, GONE), (BAD, GOOD, GONE)])
    async def test_a_410_is_not_forgotten_whatever_else_comes_at_that_moment(
        self, store: SqlWebhooks, publish: Publish, answers: tuple[Answered, ...]
    ) -> None:
        for _ in answers:
            await publish(event(), NOW)
        posts = await claim(store)
        settled = zip(posts, answers, strict=True)
        await asyncio.gather(*(settle_post(store, *one) for one in settled))
        (report,) = await store.endpoints()
        assert report.endpoint.disabled_at == NOW

    async def test_a_410_waits_for_a_failure_that_is_being_written(
        self, store: SqlWebhooks, publish: Publish, transactions: ShortTransactions
    ) -> None:
        if transactions.on_sqlite:
            return  # it has one writer
        await publish(event(), NOW)
        (post,) = await claim(store)
        engine = transactions._engine  # noqa: SLF001 - a transaction in the middle of its work
        async with engine.begin() as connection:
            await connection.run_sync(lambda c: _note(c, URL, GONE, NOW))
            behind = asyncio.create_task(settle_post(store, post, BAD))
            await asyncio.sleep(0.2)
            assert not behind.done()
        endpoint = await behind
        assert endpoint is not None
        assert endpoint.disabled_at == NOW


class TestRecovery(OnDatabase):
    async def test_after_a_start_what_the_one_before_held_is_due_where_nobody_else_can_hold_it(
        self, store: SqlWebhooks, publish: Publish, transactions: ShortTransactions
    ) -> None:
        await publish(event(), NOW)
        await claim(store)
        await store.recover(NOW)
        assert len(await claim(store)) == (1 if transactions.on_sqlite else 0)
