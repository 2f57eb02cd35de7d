"""Posting: each address in its own time, for as long as it takes, and not longer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.persistence.webhook_rows import NewEvent
from application.errors import StorageUnavailableError
from application.webhooks import AT_ONCE, DUE_LIMIT, OTHERS_EVERY, OTHERS_KEPT, Deliverer
from application.webhooks_addresses import WebhookAddresses
from application.webhooks_feeder import Feeder
from application.webhooks_lanes import HOST_LANES
from domain.webhook import DELAYS_S, DISABLED_AFTER, Answered
from tests.fakes import CountingIds, FixedClock
from tests.fakes.webhooks import MemoryWebhooks, ScriptedReceiver
from tests.unit.application.gateway import turns, until

URL = "https://shop.example/habar?key=secret"
OTHER = "https://bank.example/habar"
DAY_S = 86_400.0
DOWN = Answered(error="ConnectionRefusedError")


class Posting:
    """A deliverer on fakes."""

    def __init__(
        self,
        store: MemoryWebhooks | None = None,
        *,
        urls: tuple[str, ...] = (URL, OTHER),
        hosts: tuple[str, ...] = (),
    ) -> None:
        self.clock = FixedClock()
        self.store = store or MemoryWebhooks()
        self.receiver = ScriptedReceiver()
        self.ready = asyncio.Event()
        self.deliverer = Deliverer(
            self.store,
            self.receiver,
            WebhookAddresses(urls, hosts),
            self.clock,
            CountingIds(),
            lambda: 0.5,
            self.ready,
        )

    def publish(self, *urls: str, count: int = 1) -> None:
        for _ in range(count):
            event = NewEvent(
                id=uuid4(),
                type="message.delivered",
                message_id=uuid4(),
                at=self.clock.now(),
                body=b"{}",
                urls=urls or (URL,),
            )
            self.store.publish(event, self.clock.now())

    async def round(self) -> None:
        """Post what is due now."""
        self.ready.set()
        await self.step()
        await self.deliverer.drained()

    async def step(self) -> None:
        """Begin with what is due now."""
        looking = asyncio.create_task(self.deliverer.once())
        await turns()
        self.ready.set()
        await looking

    def statuses(self, url: str = URL) -> list[str]:
        return [row.delivery.status for row in self.store.rows.values() if row.delivery.url == url]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.deliverer.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def answering(bad: dict[str, Answered]) -> Callable[[str], Answered]:
    return lambda url: bad.get(url, Answered(status=204))


async def test_what_is_due_is_posted_to_each_address() -> None:
    posting = Posting()
    posting.publish(URL, OTHER)
    await posting.round()
    assert {post.delivery.url for post in posting.receiver.posted} == {URL, OTHER}
    assert posting.statuses(URL) == posting.statuses(OTHER) == ["delivered"]


async def test_a_receiver_that_is_down_for_the_whole_schedule_is_tried_to_its_end() -> None:
    posting = Posting()
    posting.receiver.answer = answering({URL: DOWN})
    posting.publish()
    for delay_s in DELAYS_S:
        await posting.round()
        assert posting.statuses() == ["pending"]
        posting.clock.advance(delay_s - 1)
        await posting.round()  # not yet
        posting.clock.advance(1)
    await posting.round()
    assert posting.statuses() == ["failed"]
    assert len(posting.receiver.posted) == len(DELAYS_S) + 1
    assert len({post.delivery.event_id for post in posting.receiver.posted}) == 1
    posting.clock.advance(DAY_S)
    await posting.round()
    assert len(posting.receiver.posted) == len(DELAYS_S) + 1


async def test_a_receiver_that_is_up_again_at_the_last_moment_gets_everything() -> None:
    posting = Posting()
    posting.receiver.answer = answering({URL: DOWN})
    posting.publish(count=10)
    for delay_s in DELAYS_S:
        await posting.round()
        posting.clock.advance(delay_s)
    posting.receiver.answer = answering({})
    await posting.round()
    assert posting.statuses() == ["delivered"] * 10


async def test_a_receiver_that_asks_for_time_is_given_it() -> None:
    posting = Posting()
    posting.receiver.answer = answering(
        {URL: Answered(status=429, error="answered 429", retry_after_s=3600)}
    )
    posting.publish()
    await posting.round()
    posting.clock.advance(3599)
    await posting.round()
    assert len(posting.receiver.posted) == 1
    posting.clock.advance(1)
    await posting.round()
    assert len(posting.receiver.posted) == 2


async def test_an_address_that_is_gone_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    posting = Posting()
    posting.receiver.answer = answering({URL: Answered(status=410, error="answered 410 Gone")})
    posting.publish(count=3 * AT_ONCE)
    posting.publish(OTHER)
    await posting.round()
    await posting.round()
    assert len([p for p in posting.receiver.posted if p.delivery.url == URL]) <= AT_ONCE
    assert posting.statuses() == ["failed"] * 3 * AT_ONCE
    assert posting.statuses(OTHER) == ["delivered"]
    posting.publish(URL)
    assert len(posting.statuses()) == 3 * AT_ONCE
    assert "https://shop.example/… are disabled: answered 410 Gone" in caplog.text
    assert "secret" not in caplog.text


async def test_an_address_that_fails_for_five_days_is_disabled_until_somebody_enables_it() -> None:
    posting = Posting()
    posting.receiver.answer = answering({URL: DOWN})
    begun = posting.clock.now()
    while posting.store.known.get(URL) is None or not posting.store.known[URL].disabled_at:
        posting.publish()
        await posting.round()
        posting.clock.advance(DAY_S / 4)
        assert posting.clock.now() < begun + DISABLED_AFTER + timedelta(days=1)
    assert posting.clock.now() >= begun + DISABLED_AFTER
    await posting.round()
    assert set(posting.statuses()) == {"failed"}
    await posting.store.enable(URL)
    posting.receiver.answer = answering({})
    posting.publish()
    await posting.round()
    assert posting.statuses()[-1] == "delivered"


async def test_a_slow_address_does_not_hold_up_another_one() -> None:
    posting = Posting()
    posting.receiver.held[URL] = asyncio.Event()
    posting.publish(URL, count=50)
    posting.publish(OTHER, count=50)
    await posting.step()
    await until(lambda: posting.statuses(OTHER) == ["delivered"] * 50)
    assert posting.statuses(URL) == ["pending"] * 50
    posting.publish(OTHER)
    await posting.step()
    await until(lambda: posting.statuses(OTHER) == ["delivered"] * 51)
    posting.receiver.held.pop(URL).set()
    await posting.deliverer.drained()
    assert posting.statuses(URL) == ["delivered"] * 50


async def test_no_address_gets_more_at_once_than_it_has_places() -> None:
    posting = Posting()
    posting.publish(count=50)
    await posting.round()
    assert posting.receiver.most[URL] == AT_ONCE


async def test_a_slow_post_holds_up_no_more_than_its_place() -> None:
    posting = Posting()
    posting.receiver.held[URL] = slow = asyncio.Event()
    posting.publish()
    await posting.step()
    await until(lambda: posting.receiver.posted)
    del posting.receiver.held[URL]
    posting.publish(count=9)
    await until(lambda: posting.statuses().count("delivered") == 9)
    slow.set()
    await posting.deliverer.drained()
    assert posting.statuses() == ["delivered"] * 10


async def test_addresses_of_one_host_that_requests_named_have_so_many_lanes() -> None:
    urls = [f"https://shop.example/order/{n}" for n in range(3 * HOST_LANES)]
    posting = Posting(hosts=("shop.example", "bank.example"))
    posting.receiver.held = dict.fromkeys(urls, asyncio.Event())
    for url in (*urls, URL, "https://bank.example/order"):
        posting.publish(url)
    await posting.step()
    await turns()
    posted = [post.delivery.url for post in posting.receiver.posted]
    assert sum(url in urls for url in posted) == HOST_LANES
    assert {URL, "https://bank.example/order"} <= {*posted}
    posting.receiver.held[urls[0]].set()
    for _ in range(3):
        await posting.round()
    assert all(posting.statuses(url) == ["delivered"] for url in urls)


async def test_what_is_not_allowed_here_is_left_to_whoever_may_post_it() -> None:
    posting = Posting(urls=(OTHER,))
    posting.publish(URL, OTHER)
    await posting.round()
    assert [post.delivery.url for post in posting.receiver.posted] == [OTHER]
    posting.clock.advance(OTHERS_KEPT.total_seconds() - 1)
    await posting.round()
    assert posting.statuses() == ["pending"]
    again = Posting(posting.store)
    await again.round()
    assert posting.statuses() == ["delivered"]


async def test_what_nobody_was_allowed_to_post_for_days_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    posting = Posting(urls=(OTHER,), hosts=("shop.example.org",))
    posting.publish(URL, count=2)
    await posting.round()
    posting.clock.advance((OTHERS_KEPT + OTHERS_EVERY).total_seconds())
    posting.publish(URL)
    await posting.round()
    assert posting.statuses() == ["failed", "failed", "pending"]
    assert posting.receiver.posted == []
    assert "2 webhooks given up" in caplog.text


def test_what_is_not_allowed_is_kept_for_longer_than_the_whole_schedule() -> None:
    assert OTHERS_KEPT.total_seconds() > 2 * sum(DELAYS_S)


async def test_the_long_backlog_of_one_host_hides_no_other() -> None:
    urls = [f"https://shop.example/hook?order={n}" for n in range(3 * DUE_LIMIT)]
    posting = Posting(hosts=("SHOP.example", "bank.example"))
    posting.receiver.held = dict.fromkeys(urls, asyncio.Event())
    for url in (*urls, "https://bank.example/order"):
        posting.publish(url)
    await posting.step()
    await until(lambda: posting.statuses("https://bank.example/order") == ["delivered"])
    assert len(posting.receiver.posted) == HOST_LANES + 1
    posting.receiver.held[urls[0]].set()
    await until(lambda: len(posting.receiver.posted) > DUE_LIMIT)
    for _ in range(3):
        await posting.round()
    assert all(posting.statuses(url) == ["delivered"] for url in urls)
    assert len(posting.receiver.posted) == len(urls) + 1


async def test_what_was_under_way_when_the_process_died_is_posted_again() -> None:
    posting = Posting()
    posting.receiver.held[URL] = asyncio.Event()
    posting.publish()
    async with posting.running():
        await until(lambda: posting.receiver.posted)
    assert posting.receiver.closed
    assert posting.statuses() == ["pending"]
    again = Posting(posting.store)
    async with again.running():
        await until(lambda: again.statuses() == ["delivered"])
    (before,), (after,) = posting.receiver.posted, again.receiver.posted
    assert before.delivery.event_id == after.delivery.event_id


async def test_a_database_that_is_away_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    posting = Posting()
    posting.publish()
    posting.store.away = True
    async with posting.running():
        await until(lambda: "trying again" in caplog.text)
        posting.store.away = False
        await until(lambda: posting.statuses() == ["delivered"])


async def test_a_defect_in_one_post_is_a_failure_of_that_post(
    caplog: pytest.LogCaptureFixture,
) -> None:
    posting = Posting()

    def defect(url: str) -> Answered:
        raise RuntimeError(url)

    posting.receiver.answer = defect
    posting.publish()
    await posting.round()
    assert posting.statuses() == ["pending"]
    assert "unforeseen RuntimeError in a webhook" in caplog.text
    assert "secret" not in caplog.text


class Feed:
    """A feed of so many lines."""

    def __init__(self, *taken: int | Exception) -> None:
        self.taken = [*taken]

    async def feed(self, limit: int) -> int:
        found = self.taken.pop(0)
        if isinstance(found, Exception):
            raise found
        return min(found, limit)


async def test_what_is_fed_is_posted_at_once_and_a_full_house_is_looked_at_again() -> None:
    ready = asyncio.Event()
    feeder = Feeder(Feed(0, 3, 1_000_000), ready)
    assert await feeder.once() > 0
    assert not ready.is_set()
    assert await feeder.once() > 0
    assert ready.is_set()
    assert await feeder.once() == 0


async def test_feeding_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    ready = asyncio.Event()
    task = asyncio.create_task(Feeder(Feed(StorageUnavailableError("away"), 1), ready).run())
    async with asyncio.timeout(30):
        await ready.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "webhooks of what happened not done" in caplog.text
