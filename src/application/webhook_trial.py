"""A webhook is tried: posted once, now, and its answer shown; nothing is stored or repeated."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from application.ports.system import Clock, Ids
from application.ports.webhooks import Post, WebhookPoster
from application.webhooks_addresses import WebhookAddresses
from domain.webhook import Answered, Delivery, DeliveryStatus

TRIAL = "habar.trial"
"""The type of the event."""


class TryWebhook:
    """Posts a trial, signed as everything else is."""

    def __init__(
        self,
        make_poster: Callable[[], WebhookPoster],
        body: Callable[[UUID, datetime], bytes],
        addresses: WebhookAddresses,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Try addresses of ``addresses`` only.

        Args:
            make_poster: makes what posts, closed after each trial.
            body: writes the event.
            addresses: of this deployment.
            clock: what time it is.
            ids: names events.
        """
        self._make_poster = make_poster
        self._body = body
        self._addresses = addresses
        self._clock = clock
        self._ids = ids

    async def __call__(self, url: str) -> Answered | None:
        """Return what came back; ``None`` where nothing may be posted there."""
        if url not in self._addresses.urls:
            return None
        now, event_id = self._clock.now(), self._ids.new()
        delivery = Delivery(
            id=event_id,
            event_id=event_id,
            event_type=TRIAL,
            message_id=None,
            url=url,
            status=DeliveryStatus.PENDING,
            attempts=0,
            created_at=now,
            updated_at=now,
            due_at=now,
        )
        poster = self._make_poster()
        try:
            return await poster.post(Post(delivery, self._body(event_id, now), event_id), now)
        finally:
            await poster.close()
