"""Webhooks: what waits to be told, who posts it, and what operators see of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.webhook import Answered, Delivery, DeliveryStatus, Endpoint


@dataclass(frozen=True, slots=True)
class DueAddress:
    """An address that has something waiting.

    Attributes:
        host: as ``host_of`` names it.
        disabled: nothing is posted to it; what waits is to be given up.
    """

    url: str
    host: str
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where something may be posted.

    Attributes:
        urls: these addresses,
        hosts: and all addresses of these hosts,
        without: but none of these.
    """

    urls: Collection[str]
    hosts: Collection[str]
    without: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A delivery that is to be posted now.

    Attributes:
        body: JSON, the same every time.
        token: new with every claim; a settlement with an old one changes nothing.
    """

    delivery: Delivery
    body: bytes
    token: UUID


class WebhookFeed(Protocol):
    """Makes deliveries of what happened to messages."""

    async def feed(self, limit: int) -> int:
        """Take up to ``limit`` lines of histories that are not told yet, and have them told.

        The lines are marked in the transaction that writes the deliveries: none is lost, none is
        told twice.

        Returns:
            How many were taken.

        Raises:
            StorageUnavailableError: the database is away.
        """
        ...


class WebhookOutbox(Protocol):
    """Deliveries on disk.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def recover(self, now: datetime) -> None:
        """Make due what an earlier start of this process was posting, where it had no others."""
        ...

    async def due(self, now: datetime, places: Places, *, limit: int) -> Sequence[DueAddress]:
        """Return up to ``limit`` addresses that have a delivery due, the one due longest first.

        There may be fewer although there are more; there are none only when there are no more.
        """
        ...

    async def claim(
        self, url: str, *, limit: int, token: UUID, now: datetime, until: datetime
    ) -> Sequence[Post]:
        """Take up to ``limit`` due deliveries to an address, the one due longest first.

        Args:
            url: the address; where it is disabled, there are none.
            limit: how many.
            token: of this claim.
            now: what the time is.
            until: when others may take them over.
        """
        ...

    async def settle(self, post: Post, after: Delivery, answer: Answered) -> Endpoint | None:
        """Write what a post came to: of its delivery and of its address. Durable on return.

        Args:
            post: as it was claimed.
            after: the delivery in its new state.
            answer: what came back.

        Returns:
            What is known of the address now; ``None`` when somebody else has taken the delivery
            over, and nothing was written.
        """
        ...

    async def abandon(self, url: str, reason: str, *, limit: int, now: datetime) -> int:
        """Give up deliveries to an address that nobody is posting; return how many."""
        ...

    async def abandon_others(
        self, places: Places, reason: str, *, due_before: datetime, limit: int, now: datetime
    ) -> int:
        """Give up deliveries to other addresses, due since then or longer; return how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are wanted; what is ``None`` does not matter.

    Attributes:
        events: whose deliveries.
    """

    status: DeliveryStatus | None = None
    url: str | None = None
    events: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """An address, as operators see it.

    Attributes:
        pending: deliveries that wait.
    """

    endpoint: Endpoint
    pending: int


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was told, and whom its request wanted it told.

    Attributes:
        callback_url: beside the deployment's own addresses.
    """

    id: UUID
    at: datetime
    callback_url: str | None


class WebhookRepository(Protocol):
    """What operators see and change.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def find(
        self, wanted: DeliveryFilter, *, before: UUID | None, limit: int
    ) -> Sequence[Delivery]:
        """Return up to ``limit`` deliveries, the latest first.

        Args:
            wanted: which ones.
            before: the id of the last delivery of the page before.
            limit: of this page.
        """
        ...

    async def told(self, since: datetime, *, after: Told | None, limit: int) -> Sequence[Told]:
        """Return up to ``limit`` events of that time or later, the oldest first.

        Args:
            since: the time.
            after: the last one of the page before.
            limit: of this page.
        """
        ...

    async def repeat(self, delivery_id: UUID, now: datetime) -> Delivery | None:
        """Make a delivery due from the beginning, and enable its address.

        Returns:
            The delivery; ``None`` when there is none.
        """
        ...

    async def repeat_events(
        self, events: Sequence[Told], urls: Sequence[Sequence[str]], now: datetime
    ) -> None:
        """Make deliveries of events due from the beginning, those that never were, too.

        Their addresses are enabled.

        Args:
            events: that are told again.
            urls: to whom, for each of them.
            now: what the time is.
        """
        ...

    async def endpoints(self) -> Sequence[EndpointReport]:
        """Return every address that has failed lately, is disabled or has something waiting."""
        ...

    async def enable(self, url: str) -> None:
        """Post to an address again, as if it had always answered."""
        ...


class WebhookPoster(Protocol):
    """Posts over the network."""

    async def post(self, post: Post, at: datetime) -> Answered:
        """Post once; failures, too, come back as answers.

        Args:
            post: what, and to whom.
            at: the time of this attempt, which is signed.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
