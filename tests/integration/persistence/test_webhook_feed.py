"""From histories to webhooks, on both databases."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.persistence.engines import DatabaseTarget, open_engines
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.tables import events, messages
from adapters.persistence.webhook_feed import SqlWebhookFeed
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.outbox import Claimed, Outbox
from application.ports.repositories import StoredMessage
from application.webhooks_addresses import WebhookAddresses
from domain.event import Event, EventName
from domain.message import MessageStatus
from domain.webhook import Transition
from entrypoints.http.webhooks_view import message_body
from tests.contracts.outbox.fixtures import TEXT, a_queued, a_request, claim_one, settled, wanted
from tests.contracts.webhooks import ALL, GONE, claim, settle
from tests.integration.persistence.database import Database, Process
from tests.integration.persistence.test_webhooks import SqlWebhooks

OWN = "https://own.example/all"
CALLBACK = "https://shop.example/order?id=7"
ADDRESSES = WebhookAddresses((OWN,), ("shop.example",))
LIMIT = 500
SOON = timedelta(minutes=5)
Announce = Callable[[], Awaitable[None]]


def feed_of(
    process: Process, transactions: ShortTransactions, addresses: WebhookAddresses = ADDRESSES
) -> SqlWebhookFeed:
    return SqlWebhookFeed(transactions, addresses, message_body, process.clock)


async def submit(outbox: Outbox, count: int = 1, *, callback_url: str | None = None) -> None:
    """Have messages taken by the provider."""
    request = replace(a_request(count), callback_url=callback_url)
    await outbox.accept([a_queued(request, number) for number in range(count)], request)
    for claimed in await claimed_of(outbox, count):
        await outbox.settle(settled(claimed))


async def claimed_of(outbox: Outbox, count: int) -> list[Claimed]:
    found: list[Claimed] = []
    while len(found) < count:
        found += (await outbox.claim(wanted(limit=count))).claimed
    return found


async def told(store: SqlWebhooks, url: str = OWN) -> list[dict[str, Any]]:
    posts = await claim(store, url, now=datetime.now(UTC) + SOON, limit=LIMIT)
    return [{"id": post.delivery.event_id, **json.loads(post.body)} for post in posts]


class TestFeed(Database):
    @pytest.fixture
    def transactions(self, process: Process) -> ShortTransactions:
        return ShortTransactions(process.commits, process.engines.reader)

    @pytest.fixture
    def store(self, transactions: ShortTransactions) -> SqlWebhooks:
        return SqlWebhooks(transactions)

    @pytest.fixture
    def feed(self, process: Process, transactions: ShortTransactions) -> SqlWebhookFeed:
        return feed_of(process, transactions)

    @pytest.fixture
    def announce(self, transactions: ShortTransactions) -> Announce:
        """What has every line written so far told, those that were told already, too."""
        untold = sa.update(events).values(untold=True)

        async def run() -> None:
            await transactions.run(lambda connection: connection.execute(untold))

        return run

    @pytest.fixture
    async def feeds(
        self, process: Process, target: DatabaseTarget
    ) -> AsyncIterator[list[SqlWebhookFeed]]:
        """Those of four processes, where there may be several."""
        async with AsyncExitStack() as stack:
            feeds = []
            for _ in range(1 if target.schema is None else 4):
                engines = open_engines(target)
                commits = GroupCommit(engines.writer)
                stack.push_async_callback(engines.reader.dispose)
                stack.push_async_callback(commits.close)
                feeds.append(feed_of(process, ShortTransactions(commits, engines.reader)))
            yield feeds

    async def test_a_change_is_told_once_and_without_the_text(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        await submit(outbox)
        await announce()
        assert await feed.feed(LIMIT) == 1
        assert await feed.feed(LIMIT) == 0
        (event,) = await told(store)
        data = event["data"]
        assert event["type"] == "message.submitted"
        assert (data["status"], data["updated_at"]) == ("submitted", event["timestamp"])
        assert data["history"][-1]["at"] == event["timestamp"]
        assert [line["event"] for line in data["history"]] == ["accepted", "submitted"]
        assert data["reference"] == "order-17"
        assert "text" not in data
        assert "Қазақша" in TEXT
        assert "Қазақша" not in json.dumps(data, ensure_ascii=False)

    async def test_what_was_told_before_is_not_told_again_whoever_asks(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        await submit(outbox)
        for _ in range(2):
            await announce()
            assert await feed.feed(LIMIT) == 1
        assert len(await store.find(ALL, before=None, limit=9)) == 1

    async def test_every_event_says_what_was_so_then(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        await submit(outbox)
        (message_id,) = await self.ids(store)
        await self.deliver(store, message_id)
        await announce()
        assert await feed.feed(LIMIT) == 2
        first, second = sorted(await told(store), key=lambda event: len(event["data"]["history"]))
        assert [first["type"], second["type"]] == ["message.submitted", "message.delivered"]
        assert [first["data"]["status"], second["data"]["status"]] == ["submitted", "delivered"]
        assert first["timestamp"] < second["timestamp"]
        assert len(first["data"]["history"]) == 2
        assert len(second["data"]["history"]) == 3
        assert first["id"] != second["id"]

    async def test_what_is_no_change_of_state_is_only_marked(
        self,
        outbox: Outbox,
        announce: Announce,
        feed: SqlWebhookFeed,
        store: SqlWebhooks,
        transactions: ShortTransactions,
    ) -> None:
        await submit(outbox)
        (message_id,) = await self.ids(store)
        lines = [
            {"message_id": message_id, "at": datetime.now(UTC), "name": name, "text": ""}
            for name in ("looked_up", "submitted", "held", "routed", "deferred")
        ]
        await transactions.run(lambda connection: connection.execute(events.insert(), lines))
        await announce()
        assert await feed.feed(LIMIT) == 6
        assert [event["type"] for event in await told(store)] == ["message.submitted"]

    async def test_a_request_has_its_own_changes_told_beside_the_deployment(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        await submit(outbox, callback_url=CALLBACK)
        await submit(outbox)
        await announce()
        await feed.feed(LIMIT)
        own, asked = await told(store), await told(store, CALLBACK)
        assert len(own) == 2
        assert len(asked) == 1
        assert asked[0] in own

    async def test_an_address_only_another_process_may_tell_is_told_by_that_one(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        await submit(outbox, callback_url="https://other.example/x")
        await announce()
        await feed.feed(LIMIT)
        found = await store.find(ALL, before=None, limit=9)
        assert {delivery.url for delivery in found} == {OWN, "https://other.example/x"}

    async def test_where_nobody_is_to_be_told_nothing_is_written(
        self,
        process: Process,
        outbox: Outbox,
        announce: Announce,
        transactions: ShortTransactions,
        store: SqlWebhooks,
    ) -> None:
        await submit(outbox)
        await announce()
        hosts_only = feed_of(process, transactions, WebhookAddresses((), ("shop.example",)))
        assert await hosts_only.feed(LIMIT) == 1
        assert await hosts_only.feed(LIMIT) == 0
        assert await store.told(datetime(2000, 1, 1, tzinfo=UTC), after=None, limit=9) == []

    async def test_a_disabled_address_can_be_told_later(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        for number in range(2):
            await submit(outbox)
            await announce()
            await feed.feed(LIMIT)
            if not number:
                (post,) = await claim(store, OWN, now=datetime.now(UTC) + SOON)
                await settle(store, post, GONE)
        assert await told(store) == []
        found = await store.told(datetime(2000, 1, 1, tzinfo=UTC), after=None, limit=9)
        await store.repeat_events(found, [[OWN]] * len(found), datetime.now(UTC))
        assert len(await told(store)) == 2

    async def test_a_line_without_a_message_holds_nobody_up(
        self,
        outbox: Outbox,
        announce: Announce,
        feed: SqlWebhookFeed,
        store: SqlWebhooks,
        transactions: ShortTransactions,
    ) -> None:
        await submit(outbox, 2)
        gone = sa.delete(messages).where(messages.c.phone == "77010000000")
        await transactions.run(lambda connection: connection.execute(gone))
        await announce()
        assert await feed.feed(LIMIT) == 2
        assert len(await told(store)) == 1

    async def test_a_story_nobody_can_tell_holds_nobody_up(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        outbox: Outbox,
        announce: Announce,
        feed: SqlWebhookFeed,
        store: SqlWebhooks,
        transactions: ShortTransactions,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await submit(outbox, 2)
        (message_id, _) = await self.ids(store)
        line = {"message_id": message_id, "at": datetime.now(UTC), "name": "secret", "text": ""}
        await transactions.run(lambda connection: connection.execute(events.insert(), line))
        await announce()
        assert await feed.feed(LIMIT) == 3
        assert await feed.feed(LIMIT) == 0
        (told_of,) = await told(store)
        assert told_of["data"]["id"] != str(message_id)
        assert f"unforeseen ValueError in the webhooks of {message_id}, not told" in caplog.text
        assert "secret" not in caplog.text

    async def test_what_cannot_be_rendered_holds_nobody_up(
        self,
        process: Process,
        outbox: Outbox,
        announce: Announce,
        transactions: ShortTransactions,
        store: SqlWebhooks,
    ) -> None:
        def render(stored: StoredMessage, transition: Transition) -> bytes:
            if stored.message.recipient.e164.endswith("0"):
                raise RuntimeError
            return message_body(stored, transition)

        await submit(outbox, 2)
        await announce()
        feed = SqlWebhookFeed(transactions, ADDRESSES, render, process.clock)
        assert await feed.feed(LIMIT) == 2
        assert await feed.feed(LIMIT) == 0
        assert len(await told(store)) == 1
        newer = SqlWebhookFeed(transactions, ADDRESSES, message_body, process.clock)
        assert await newer.feed(LIMIT) == 1
        (late,) = await told(store)
        assert late["data"]["phone"].endswith("0")

    async def test_processes_share_the_work_and_tell_nothing_twice(
        self,
        outbox: Outbox,
        announce: Announce,
        feeds: list[SqlWebhookFeed],
        store: SqlWebhooks,
    ) -> None:
        await submit(outbox, 60)
        await announce()

        async def until_done(feed: SqlWebhookFeed) -> int:
            taken = 0
            while found := await feed.feed(7):
                taken += found
            return taken

        assert sum(await asyncio.gather(*map(until_done, feeds))) == 60
        assert len({event["id"] for event in await told(store)}) == 60
        assert len(await store.find(ALL, before=None, limit=LIMIT)) == 60

    async def test_what_is_canceled_is_told(
        self, outbox: Outbox, announce: Announce, feed: SqlWebhookFeed, store: SqlWebhooks
    ) -> None:
        request = a_request()
        await outbox.accept([a_queued(request)], request)
        claimed = await claim_one(outbox)
        event = Event(at=datetime.now(UTC), name=EventName.CANCELED)
        await outbox.release([claimed.lease])
        assert await outbox.cancel(claimed.message.id, event)
        await announce()
        await feed.feed(LIMIT)
        (found,) = await told(store)
        assert (found["type"], found["data"]["status"]) == ("message.canceled", "canceled")

    async def ids(self, store: SqlWebhooks) -> list[Any]:
        query = sa.select(messages.c.id)
        return [row.id for row in await store._rows(query)]  # noqa: SLF001 - any way to read will do

    async def deliver(self, store: SqlWebhooks, message_id: object) -> None:
        at = datetime.now(UTC) + timedelta(seconds=1)
        moved = (
            sa.update(messages)
            .where(messages.c.id == message_id)
            .values(status=MessageStatus.DELIVERED, updated_at=at)
        )
        line = {"message_id": message_id, "at": at, "name": "delivered", "text": ""}

        def work(connection: sa.Connection) -> None:
            connection.execute(moved)
            connection.execute(events.insert(), line)

        await store._transactions.run(work)  # noqa: SLF001 - as above
