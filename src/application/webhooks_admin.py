"""Webhooks, as operators see them: what was told, what was not, and telling it again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.audit import Audit
from application.ports.repositories import MessageRepository
from application.ports.system import Clock
from application.ports.webhooks import (
    DeliveryFilter,
    EndpointReport,
    Told,
    WebhookRepository,
)
from application.webhooks_addresses import WebhookAddresses
from domain.audit import AuditAction
from domain.caller import INSIDE, Caller
from domain.webhook import Delivery, Endpoint, transitions

_SLICE = 500


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some of the deliveries that were asked for.

    Attributes:
        next_before: where the next page starts; ``None`` on the last one.
    """

    deliveries: Sequence[Delivery]
    next_before: UUID | None


class ManageWebhooks:
    """``GET /webhooks/…`` and the calls that have something told again."""

    def __init__(
        self,
        repository: WebhookRepository,
        messages: MessageRepository,
        addresses: WebhookAddresses,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._repository = repository
        self._messages = messages
        self._addresses = addresses
        self._clock = clock
        self._audit = audit

    @property
    def own(self) -> Sequence[str]:
        """Return the deployment's own addresses, which are told of everything."""
        return self._addresses.urls

    async def deliveries(
        self,
        wanted: DeliveryFilter,
        *,
        message_id: UUID | None = None,
        before: UUID | None = None,
        limit: int,
    ) -> DeliveryPage:
        """Return up to ``limit`` deliveries, the latest first.

        Args:
            wanted: which ones.
            message_id: whose changes they tell.
            before: ``next_before`` of the page before.
            limit: of this page.
        """
        if message_id is not None:
            # The names of its events follow from its history.
            wanted = replace(wanted, events=await self._events_of(message_id))
        found = await self._repository.find(wanted, before=before, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return DeliveryPage(page, page[-1].id if more else None)

    async def replay(self, delivery_id: UUID, *, by: Caller = INSIDE) -> Delivery | None:
        """Post one again, and to its address from now on; ``None`` when there is none."""
        repeated = await self._repository.repeat(delivery_id, self._clock.now())
        if repeated is not None:
            await self._audit(by, AuditAction.WEBHOOK_REPLAYED, str(delivery_id))
        return repeated

    async def replay_since(
        self, since: datetime, url: str | None = None, *, by: Caller = INSIDE
    ) -> int:
        """Post everything again that happened at that time or later, and return how much it is.

        What was not posted because an address was disabled is posted, too.

        Args:
            since: the time of the events.
            url: only to this address; every address by default.
            by: who wants it.
        """
        detail = f"everything since {since.isoformat()}"
        await self._audit(by, AuditAction.WEBHOOK_REPLAYED, url or "", detail)
        after: Told | None = None
        count, now = 0, self._clock.now()
        while found := await self._repository.told(since, after=after, limit=_SLICE):
            urls = [self._wanted(event, url) for event in found]
            await self._repository.repeat_events(found, urls, now)
            count += sum(map(len, urls))
            after = found[-1]
        return count

    async def endpoints(self) -> Sequence[EndpointReport]:
        """Return the deployment's own addresses, and others there is something to say of."""
        found = await self._repository.endpoints()
        known = {report.endpoint.url: report for report in found}
        own = {
            url: EndpointReport(endpoint=Endpoint(url=url), pending=0)
            for url in self._addresses.urls
        }
        return [*(own | known).values()]

    async def enable(self, url: str, *, by: Caller = INSIDE) -> None:
        """Post to an address again."""
        await self._audit(by, AuditAction.ENDPOINT_ENABLED, url)
        await self._repository.enable(url)

    def _wanted(self, event: Told, url: str | None) -> list[str]:
        told = self._addresses.told(event.callback_url)
        return [one for one in told if url in {None, one}]

    async def _events_of(self, message_id: UUID) -> list[UUID]:
        stored = await self._messages.message(message_id)
        return [] if stored is None else [t.id for t in transitions(message_id, stored.history)]
