"""What every store of webhooks must do."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from adapters.persistence.webhook_rows import NewEvent
from application.ports.webhooks import (
    DeliveryFilter,
    DueAddress,
    Places,
    Post,
    Told,
    WebhookOutbox,
    WebhookRepository,
)
from domain.webhook import DISABLED_AFTER, Answered, Delivery, DeliveryStatus, Endpoint

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=30)
URL = "https://shop.example/habar?key=1"
OTHER = "https://bank.example/habar"
ALL = DeliveryFilter()
GOOD = Answered(status=204)
BAD = Answered(status=500, error="answered 500")
GONE = Answered(status=410, error="answered 410")


class WebhookStore(WebhookOutbox, WebhookRepository, Protocol):
    """Both sides of it."""


Publish = Callable[[NewEvent, datetime], Awaitable[None]]


def event(*urls: str, at: datetime = NOW, number: int | None = None) -> NewEvent:
    return NewEvent(
        id=uuid4() if number is None else UUID(int=number),
        type="message.delivered",
        message_id=uuid4(),
        at=at,
        body=b'{"type":"message.delivered"}',
        urls=urls or (URL,),
    )


PLACES = Places(urls=(URL, OTHER), hosts=("shop.example",))


async def due(
    store: WebhookStore, now: datetime, places: Places = PLACES, *, limit: int = 9
) -> list[DueAddress]:
    return [*await store.due(now, places, limit=limit)]


async def claim(
    store: WebhookStore, url: str = URL, *, now: datetime = NOW, limit: int = 10
) -> list[Post]:
    until = now + LEASE
    return [*await store.claim(url, limit=limit, token=uuid4(), now=now, until=until)]


async def settle(
    store: WebhookStore, post: Post, answer: Answered, at: datetime = NOW
) -> Endpoint | None:
    return await store.settle(post, post.delivery.after(answer, at, 0.5), answer)


async def only(store: WebhookStore) -> Delivery:
    (delivery,) = await store.find(ALL, before=None, limit=10)
    return delivery


class WebhooksContract(ABC):
    """Subclass once per store and provide the fixtures."""

    @pytest.fixture
    @abstractmethod
    def store(self) -> WebhookStore:
        """An empty store."""

    @pytest.fixture
    @abstractmethod
    def publish(self) -> Publish:
        """What writes an event and its deliveries."""

    async def test_an_empty_store_has_nothing_due(self, store: WebhookStore) -> None:
        assert await due(store, NOW) == []
        assert await claim(store) == []
        assert await store.endpoints() == []
        assert await store.find(ALL, before=None, limit=10) == []

    async def test_an_event_is_due_at_each_of_its_addresses(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        told = event(URL, OTHER)
        await publish(told, NOW)
        assert {one.url for one in await due(store, NOW)} == {URL, OTHER}
        (post,) = await claim(store)
        assert (post.body, post.delivery.event_id) == (told.body, told.id)
        assert (post.delivery.url, post.delivery.event_type) == (URL, told.type)
        assert (post.delivery.message_id, post.delivery.attempts) == (told.message_id, 0)

    async def test_an_event_that_is_written_twice_is_told_once(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        told = event()
        await publish(told, NOW)
        (post,) = await claim(store)
        await settle(store, post, GOOD)
        await publish(told, NOW + HOUR)
        assert await claim(store, now=NOW + 2 * HOUR) == []

    async def test_what_is_claimed_is_claimed_once(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        assert len(await claim(store)) == 1
        assert await claim(store) == []
        assert await due(store, NOW) == []

    async def test_what_nobody_settled_is_claimed_again_and_has_the_same_name(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        (first,) = await claim(store)
        (second,) = await claim(store, now=NOW + LEASE)
        assert first.delivery.id == second.delivery.id
        assert first.delivery.event_id == second.delivery.event_id
        assert await settle(store, first, GOOD, NOW + LEASE) is None
        assert (await only(store)).status is DeliveryStatus.PENDING
        assert await settle(store, second, GOOD, NOW + LEASE) is not None

    async def test_no_more_are_claimed_than_wanted_and_the_oldest_first(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        told = [event(at=NOW + timedelta(seconds=n)) for n in range(5)]
        for one in reversed(told):
            await publish(one, NOW + HOUR)
        first = await claim(store, limit=3, now=NOW + HOUR)
        second = await claim(store, limit=3, now=NOW + HOUR)
        assert [p.delivery.event_id for p in first + second] == [one.id for one in told]

    async def test_a_success_is_the_end(self, store: WebhookStore, publish: Publish) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        assert await settle(store, post, GOOD) == Endpoint(url=URL)
        delivery = await only(store)
        assert (delivery.status, delivery.attempts, delivery.answer, delivery.error) == (
            DeliveryStatus.DELIVERED,
            1,
            204,
            None,
        )
        assert await due(store, NOW + 100 * HOUR) == []
        assert await store.endpoints() == []

    async def test_a_failure_is_due_again_later(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        assert await settle(store, post, BAD) == Endpoint(url=URL, failing_since=NOW)
        delivery = await only(store)
        assert delivery.due_at > NOW
        assert await due(store, NOW) == []
        assert await due(store, delivery.due_at) == [
            DueAddress(URL, "shop.example", disabled=False)
        ]
        (again,) = await claim(store, now=delivery.due_at)
        assert (again.delivery.attempts, again.delivery.answer) == (1, 500)
        assert again.delivery.error == BAD.error

    async def test_a_success_ends_an_addresss_failing(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        for _ in range(2):
            await publish(event(), NOW)
        first, second = await claim(store)
        await settle(store, first, BAD)
        (report,) = await store.endpoints()
        assert (report.endpoint.failing_since, report.pending) == (NOW, 2)
        await settle(store, second, GOOD)
        (report,) = await store.endpoints()
        assert (report.endpoint, report.pending) == (Endpoint(url=URL), 1)

    async def test_the_first_failure_counts(self, store: WebhookStore, publish: Publish) -> None:
        for _ in range(2):
            await publish(event(), NOW)
        first, second = await claim(store)
        await settle(store, first, BAD)
        endpoint = await settle(store, second, BAD, NOW + HOUR)
        assert endpoint is not None
        assert endpoint.failing_since == NOW

    async def test_only_wanted_addresses_are_due_whatever_they_look_like(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        named = "HTTPS://Shop.Example:8443/hook?order=7"
        for url in (URL, OTHER, named, "https://evil.example/", "no address"):
            await publish(event(url), NOW)

        async def found(places: Places) -> set[str]:
            return {one.url for one in await due(store, NOW, places)}

        assert await found(Places(urls=(), hosts=())) == set()
        assert await found(Places(urls=(OTHER,), hosts=())) == {OTHER}
        assert await found(Places(urls=("no address",), hosts=())) == {"no address"}
        assert await found(Places(urls=(), hosts=("shop.example",))) == {URL, named}
        both = Places(urls=(OTHER, URL), hosts=("shop.example",), without=(URL,))
        assert await found(both) == {OTHER, named}

    async def test_addresses_are_due_in_pages_the_one_due_longest_first(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        urls = [f"https://shop.example/hook?order={n}" for n in range(5)]
        for later, url in enumerate(urls):
            for _ in range(3):
                await publish(event(url), NOW + timedelta(seconds=later))
        await publish(event("https://shop.example/later"), NOW + HOUR)
        seen: list[str] = []
        while page := await due(store, NOW + LEASE, replace(PLACES, without=tuple(seen)), limit=2):
            assert len(page) <= 2
            seen += [one.url for one in page]
        assert seen == urls

    async def test_what_is_due_elsewhere_for_so_long_is_given_up(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        for url in (URL, OTHER, "https://former.example/1", "https://former.example/2"):
            await publish(event(url), NOW)
        await publish(event("https://former.example/3"), NOW + HOUR)

        async def give_up() -> int:
            return await store.abandon_others(
                PLACES, "elsewhere", due_before=NOW, limit=1, now=NOW + 2 * HOUR
            )

        assert [await give_up() for _ in range(3)] == [1, 1, 0]
        failed = await store.find(
            DeliveryFilter(status=DeliveryStatus.FAILED), before=None, limit=9
        )
        assert {(one.url, one.error) for one in failed} == {
            (f"https://former.example/{n}", "elsewhere") for n in (1, 2)
        }

    async def test_an_address_that_is_gone_gets_nothing_more(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        for _ in range(3):
            await publish(event(), NOW)
        await publish(event(OTHER), NOW)
        (post, _) = await claim(store, limit=2)
        endpoint = await settle(store, post, GONE)
        assert endpoint is not None
        assert endpoint.disabled_at == NOW
        assert await claim(store, now=NOW + HOUR) == []
        assert len(await claim(store, OTHER)) == 1
        assert DueAddress(URL, "shop.example", disabled=True) in await due(store, NOW)

    async def test_what_waits_for_a_disabled_address_is_given_up(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        for _ in range(4):
            await publish(event(), NOW)
        (gone, under_way) = await claim(store, limit=2)
        await settle(store, gone, GONE)
        assert await store.abandon(URL, "disabled", limit=1, now=NOW) == 1
        assert await store.abandon(URL, "disabled", limit=9, now=NOW) == 1
        assert await store.abandon(URL, "disabled", limit=9, now=NOW) == 0
        await settle(store, under_way, GOOD)
        found = await store.find(ALL, before=None, limit=10)
        assert sorted(delivery.status for delivery in found) == ["delivered", *["failed"] * 3]
        assert await due(store, NOW + HOUR) == []

    async def test_what_a_dead_process_was_posting_is_given_up_with_the_rest(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        await claim(store)
        assert await store.abandon(URL, "no longer", limit=9, now=NOW) == 0
        assert await store.abandon(URL, "no longer", limit=9, now=NOW + LEASE) == 1
        assert (await only(store)).error == "no longer"

    async def test_a_disabled_address_has_no_new_deliveries(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        await settle(store, post, GONE)
        await publish(event(URL, OTHER), NOW)
        found = await store.find(replace(ALL, status=DeliveryStatus.PENDING), before=None, limit=9)
        assert [delivery.url for delivery in found] == [OTHER]

    async def test_an_address_that_fails_for_days_is_disabled(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        for _ in range(3):
            await publish(event(), NOW)
        first, second, third = await claim(store)
        await settle(store, first, BAD)
        just = await settle(store, second, BAD, NOW + DISABLED_AFTER - HOUR)
        assert just is not None
        assert just.disabled_at is None
        over = await settle(store, third, BAD, NOW + DISABLED_AFTER)
        assert over is not None
        assert over.disabled_at == NOW + DISABLED_AFTER
        assert "5 days" in over.reason
        (report,) = await store.endpoints()
        assert report.endpoint == over

    async def test_an_enabled_address_is_as_new(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        await settle(store, post, GONE)
        await store.enable(URL)
        await store.enable(OTHER)
        await publish(event(), NOW)
        assert len(await claim(store)) == 1

    async def test_a_delivery_is_made_again(self, store: WebhookStore, publish: Publish) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        await settle(store, post, GONE)
        again = await store.repeat(post.delivery.id, NOW + HOUR)
        assert again == await only(store)
        assert again is not None
        assert (again.status, again.attempts) == (DeliveryStatus.PENDING, 0)
        assert (again.due_at, again.answer, again.error) == (NOW + HOUR, None, None)
        (second,) = await claim(store, now=NOW + HOUR)
        assert second.delivery.event_id == post.delivery.event_id

    async def test_a_delivery_nobody_knows_is_not_made_again(self, store: WebhookStore) -> None:
        assert await store.repeat(uuid4(), NOW) is None

    async def test_events_are_told_again_from_a_time_on(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        early, late = event(at=NOW - HOUR), event(at=NOW)
        for one in (early, late):
            await publish(one, NOW)
        for post in await claim(store):
            await settle(store, post, GOOD)
        told = await store.told(NOW, after=None, limit=10)
        assert told == [Told(late.id, NOW, None)]
        # The second address has never been told.
        await store.repeat_events(told, [(URL, OTHER)], NOW + HOUR)
        for url in (URL, OTHER):
            (post,) = await claim(store, url, now=NOW + HOUR)
            assert (post.delivery.event_id, post.body) == (late.id, late.body)

    async def test_events_of_a_time_are_read_in_pages(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        for number in range(1, 6):
            await publish(event(number=number, at=NOW if number > 2 else NOW + HOUR), NOW)
        first = await store.told(NOW, after=None, limit=2)
        second = await store.told(NOW, after=first[-1], limit=2)
        third = await store.told(NOW, after=second[-1], limit=2)
        assert [one.id.int for one in [*first, *second, *third]] == [3, 4, 5, 1, 2]

    async def test_telling_again_while_it_is_told_lets_the_second_one_count(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        await publish(event(), NOW)
        (post,) = await claim(store)
        await store.repeat(post.delivery.id, NOW)
        assert await settle(store, post, GOOD) is None
        assert len(await claim(store)) == 1

    async def test_deliveries_are_found_by_what_is_known_of_them(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        told = [event(URL, OTHER, at=NOW + n * HOUR) for n in range(3)]
        for one in told:
            await publish(one, NOW + 4 * HOUR)
        (post,) = await claim(store, limit=1, now=NOW + 4 * HOUR)
        await settle(store, post, GOOD, NOW + 4 * HOUR)

        async def found(wanted: DeliveryFilter) -> list[tuple[UUID, str]]:
            rows = await store.find(wanted, before=None, limit=10)
            return [(row.event_id, row.url) for row in rows]

        assert await found(DeliveryFilter(status=DeliveryStatus.DELIVERED)) == [(told[0].id, URL)]
        assert await found(DeliveryFilter(url=OTHER)) == [(one.id, OTHER) for one in told[::-1]]
        assert {u for _, u in await found(DeliveryFilter(events=[told[1].id]))} == {URL, OTHER}
        assert await found(DeliveryFilter(events=[])) == []

    async def test_deliveries_are_read_in_pages_the_latest_event_first(
        self, store: WebhookStore, publish: Publish
    ) -> None:
        told = [event(at=NOW + n * HOUR) for n in range(5)]
        for one in told:
            await publish(one, NOW)
        first = await store.find(ALL, before=None, limit=3)
        second = await store.find(ALL, before=first[-1].id, limit=3)
        assert [d.event_id for d in [*first, *second]] == [one.id for one in told[::-1]]
