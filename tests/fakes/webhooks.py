"""Webhooks in dictionaries, and a receiver that answers what it is told to."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from adapters.persistence.webhook_rows import NewEvent
from application.errors import StorageUnavailableError
from application.ports.webhooks import (
    DeliveryFilter,
    DueAddress,
    EndpointReport,
    Places,
    Post,
    Told,
)
from application.webhooks_addresses import host_of
from domain.webhook import Answered, Delivery, DeliveryStatus, Endpoint, delivery_id


@dataclass(slots=True)
class Waiting:
    """A delivery's row."""

    delivery: Delivery
    token: UUID | None = None

    @property
    def pending(self) -> bool:
        return self.delivery.status is DeliveryStatus.PENDING


@dataclass(slots=True)
class MemoryWebhooks:
    """Events, deliveries and addresses.

    Attributes:
        callbacks: the addresses requests named, by their events.
        away: the database cannot be reached.
    """

    events: dict[UUID, NewEvent] = field(default_factory=dict)
    rows: dict[UUID, Waiting] = field(default_factory=dict)
    known: dict[str, Endpoint] = field(default_factory=dict)
    callbacks: dict[UUID, str] = field(default_factory=dict)
    away: bool = False

    def publish(self, event: NewEvent, now: datetime) -> None:
        """Write an event and its deliveries."""
        self.events.setdefault(event.id, event)
        for url in event.urls:
            row = self._row(event.id, event.at, url, now)
            if not self._disabled(url):
                self.rows.setdefault(row.delivery.id, row)

    async def recover(self, now: datetime) -> None:
        await self._reach()
        for row in self.rows.values():
            if row.pending and row.token is not None:
                row.token, row.delivery = None, replace(row.delivery, due_at=now)

    async def due(self, now: datetime, places: Places, *, limit: int) -> Sequence[DueAddress]:
        await self._reach()
        waiting = [row.delivery for row in self.rows.values() if row.pending]
        due = sorted((d for d in waiting if d.due_at <= now), key=lambda d: d.due_at)
        urls = dict.fromkeys(d.url for d in due if _within(places, d.url))
        return [DueAddress(url, _host(url), self._disabled(url)) for url in [*urls][:limit]]

    async def claim(
        self, url: str, *, limit: int, token: UUID, now: datetime, until: datetime
    ) -> Sequence[Post]:
        await self._reach()
        if self._disabled(url):
            return []
        due = [
            row
            for row in self.rows.values()
            if row.pending and row.delivery.url == url and row.delivery.due_at <= now
        ]
        due.sort(key=lambda row: (row.delivery.due_at, row.delivery.id))
        for row in due[:limit]:
            row.token, row.delivery = token, replace(row.delivery, due_at=until)
        return [
            Post(row.delivery, self.events[row.delivery.event_id].body, token)
            for row in due[:limit]
        ]

    async def settle(self, post: Post, after: Delivery, answer: Answered) -> Endpoint | None:
        await self._reach()
        row = self.rows[after.id]
        if row.token != post.token:
            return None
        row.token, row.delivery = None, after
        endpoint = self.known.get(after.url, Endpoint(url=after.url))
        self.known[after.url] = endpoint.after(answer, after.updated_at)
        return self.known[after.url]

    async def abandon(self, url: str, reason: str, *, limit: int, now: datetime) -> int:
        await self._reach()
        free = [
            row
            for row in self.rows.values()
            if row.pending
            and row.delivery.url == url
            and (row.token is None or row.delivery.due_at <= now)
        ]
        return _give_up(free[:limit], reason, now)

    async def abandon_others(
        self, places: Places, reason: str, *, due_before: datetime, limit: int, now: datetime
    ) -> int:
        await self._reach()
        stale = [
            row
            for row in self.rows.values()
            if row.pending
            and row.delivery.due_at <= due_before
            and not _within(places, row.delivery.url)
        ]
        return _give_up(stale[:limit], reason, now)

    async def find(
        self, wanted: DeliveryFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Delivery]:
        await self._reach()
        found = [
            row.delivery
            for _, row in sorted(self.rows.items(), reverse=True)
            if wanted.status in {None, row.delivery.status}
            and wanted.url in {None, row.delivery.url}
            and (wanted.events is None or row.delivery.event_id in wanted.events)
            and (before is None or row.delivery.id < before)
        ]
        return found[:limit]

    async def told(self, since: datetime, *, after: Told | None, limit: int) -> Sequence[Told]:
        await self._reach()
        found = [
            Told(event.id, event.at, self.callbacks.get(event.id))
            for event in sorted(self.events.values(), key=lambda event: (event.at, event.id))
            if event.at >= since and (after is None or (event.at, event.id) > (after.at, after.id))
        ]
        return found[:limit]

    async def repeat(self, delivery_id: UUID, now: datetime) -> Delivery | None:
        await self._reach()
        row = self.rows.get(delivery_id)
        if row is None:
            return None
        self._again(row, now)
        return row.delivery

    async def repeat_events(
        self, events: Sequence[Told], urls: Sequence[Sequence[str]], now: datetime
    ) -> None:
        await self._reach()
        for event, of_event in zip(events, urls, strict=True):
            for url in of_event:
                row = self._row(event.id, event.at, url, now)
                self._again(self.rows.setdefault(row.delivery.id, row), now)

    async def endpoints(self) -> Sequence[EndpointReport]:
        await self._reach()
        waiting = [row.delivery.url for row in self.rows.values() if row.pending]
        marked = {url for url, known in self.known.items() if known != Endpoint(url=url)}
        return [
            EndpointReport(
                endpoint=self.known.get(url, Endpoint(url=url)), pending=waiting.count(url)
            )
            for url in sorted({*waiting, *marked})
        ]

    async def enable(self, url: str) -> None:
        await self._reach()
        self.known.pop(url, None)

    def _again(self, row: Waiting, now: datetime) -> None:
        row.token = None
        row.delivery = replace(
            row.delivery,
            status=DeliveryStatus.PENDING,
            attempts=0,
            updated_at=now,
            due_at=now,
            answer=None,
            error=None,
        )
        self.known.pop(row.delivery.url, None)

    def _row(self, event_id: UUID, at: datetime, url: str, now: datetime) -> Waiting:
        event = self.events[event_id]
        return Waiting(
            Delivery(
                id=delivery_id(event_id, at, url),
                event_id=event_id,
                event_type=event.type,
                message_id=event.message_id,
                url=url,
                status=DeliveryStatus.PENDING,
                attempts=0,
                created_at=now,
                updated_at=now,
                due_at=now,
            )
        )

    def _disabled(self, url: str) -> bool:
        return self.known.get(url, Endpoint(url=url)).disabled_at is not None

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise StorageUnavailableError("memory: away")


def _within(places: Places, url: str) -> bool:
    permitted = url in places.urls or _host(url) in places.hosts
    return permitted and url not in places.without


def _host(url: str) -> str:
    return host_of(url) or ""


def _give_up(rows: Sequence[Waiting], reason: str, now: datetime) -> int:
    for row in rows:
        row.token = None
        row.delivery = replace(
            row.delivery, status=DeliveryStatus.FAILED, error=reason, updated_at=now
        )
    return len(rows)


@dataclass(slots=True)
class ScriptedReceiver:
    """A poster whose receivers say what they are told to.

    Attributes:
        answer: from an address to what it says.
        posted: every post, in the order they began.
        held: addresses that do not answer until they are taken out.
        most: how many posts to each address were under way at once.
    """

    answer: Callable[[str], Answered] = lambda _: Answered(status=204)
    posted: list[Post] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    under_way: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    closed: bool = False

    async def post(self, post: Post, at: datetime) -> Answered:
        del at
        url = post.delivery.url
        self.posted.append(post)
        self.under_way[url] = self.under_way.get(url, 0) + 1
        self.most[url] = max(self.most.get(url, 0), self.under_way[url])
        try:
            await asyncio.sleep(0)
            if url in self.held:
                await self.held[url].wait()
            return self.answer(url)
        finally:
            self.under_way[url] -= 1

    async def close(self) -> None:
        self.closed = True
