"""Webhooks on their way out: what is due is posted, each address in its own time."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from application.defects import told
from application.loops import attempt, for_ever
from application.ports.system import Clock, Ids
from application.ports.webhooks import (
    DueAddress,
    Post,
    WebhookOutbox,
    WebhookPoster,
)
from application.webhooks_addresses import WebhookAddresses, masked
from application.webhooks_lanes import Lanes
from domain.webhook import Answered, DeliveryStatus, Endpoint

LOOK_EVERY_S = 1.0
AT_ONCE = 4
"""Posts to one address."""
LEASE_S = 30.0
"""Longer than a post can take."""
DUE_LIMIT = 200
"""Addresses at a look."""
ABANDON_LIMIT = 500
OTHERS_KEPT = timedelta(days=3)
"""Longer than the whole schedule: another process, or the next start, may be configured to post."""
OTHERS_EVERY = timedelta(hours=1)
_NOT_PERMITTED = "The address is none of WEBHOOK_URLS or WEBHOOK_HOSTS."
_DISABLED = "The address is disabled."
_DEFECT = Answered(error="not posted: a defect of Habar")
_log = logging.getLogger(__name__)


class Deliverer:
    """Posts what is due. Every address has places of its own: a slow one holds nobody up."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port
        self,
        outbox: WebhookOutbox,
        poster: WebhookPoster,
        addresses: WebhookAddresses,
        clock: Clock,
        ids: Ids,
        chance: Callable[[], float],
        ready: asyncio.Event,
    ) -> None:
        """Post through ports.

        Args:
            outbox: what is due.
            poster: posts it.
            addresses: who may be posted to.
            clock: what the time is.
            ids: the tokens of claims.
            chance: 0 to 1, spreads what is tried again.
            ready: set when something may have become due.
        """
        self._outbox = outbox
        self._poster = poster
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self._ready = ready
        self._lanes = Lanes(addresses, self._lane, ready)
        self._recovered = False
        self._others_at: datetime | None = None

    async def run(self) -> None:
        """Go on until cancelled; a post that is cut off is made again later."""
        try:
            await for_ever(self.once, "posting webhooks")
        finally:
            await self._lanes.close()
            await self._poster.close()

    async def once(self) -> float:
        """Begin with every address that has something due; then wait for more."""
        self._ready.clear()
        if not self._recovered:
            await self._outbox.recover(self._clock.now())
            self._recovered = True
        # In pages: whoever has been seen is not asked for again, and hides nobody.
        while found := await self._outbox.due(
            self._clock.now(), self._lanes.wanted(), limit=DUE_LIMIT
        ):
            self._lanes.add(found)
        await self._give_up_others()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._ready.wait()
        return 0.0

    async def drained(self) -> None:
        """Wait until nothing is being posted."""
        await self._lanes.drained()

    async def _lane(self, address: DueAddress) -> None:
        async def work() -> float:
            if address.disabled:
                await self._abandon(address.url, _DISABLED)
            else:
                await self._deliver(address.url)
            return 0.0

        wait_s = await attempt(work, "webhooks to an address")
        await asyncio.sleep(wait_s)

    async def _abandon(self, url: str, reason: str) -> None:
        given_up = 0
        while found := await self._outbox.abandon(
            url, reason, limit=ABANDON_LIMIT, now=self._clock.now()
        ):
            given_up += found
        if given_up:
            _log.warning("%s webhooks to %s given up: %s", given_up, masked(url), reason)

    async def _give_up_others(self) -> None:
        """Now and then give up what may not be posted, when nobody has for days."""
        now = self._clock.now()
        if self._others_at is not None and now < self._others_at:
            return
        self._others_at = now + OTHERS_EVERY
        places, given_up = self._lanes.all, 0
        while found := await self._outbox.abandon_others(
            places, _NOT_PERMITTED, due_before=now - OTHERS_KEPT, limit=ABANDON_LIMIT, now=now
        ):
            given_up += found
        if given_up:
            _log.warning("%s webhooks given up: %s", given_up, _NOT_PERMITTED)

    async def _deliver(self, url: str) -> None:
        """Post until nothing is due, a free place never waiting for the others."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                posts = await self._claim(url, AT_ONCE - len(running))
                running |= {asyncio.create_task(self._one(post)) for post in posts}
                if not running:
                    return
                # Looked at again soon: more may be due while a slow one takes its time.
                done, running = await asyncio.wait(
                    running, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
        except asyncio.CancelledError:
            for task in running:
                task.cancel()
            raise
        finally:  # what is under way has been claimed: it is brought to its end
            await asyncio.gather(*running, return_exceptions=True)

    async def _claim(self, url: str, limit: int) -> list[Post]:
        if not limit:
            return []
        now = self._clock.now()
        until = now + timedelta(seconds=LEASE_S)
        token = self._ids.new()
        return [*await self._outbox.claim(url, limit=limit, token=token, now=now, until=until)]

    async def _one(self, post: Post) -> None:
        try:
            answer = await self._poster.post(post, self._clock.now())
        except Exception as error:  # noqa: BLE001 - a defect with one must not hold up the others
            _log.error("%s", told(error, " in a webhook"))
            answer = _DEFECT
        after = post.delivery.after(answer, self._clock.now(), self._chance())
        endpoint = await self._outbox.settle(post, after, answer)
        if after.status is DeliveryStatus.FAILED:
            _log.warning("webhook %s given up: %s", after.id, answer.error)
        if endpoint is not None and endpoint.disabled_at == after.updated_at:
            _tell_disabled(endpoint)
            await self._abandon(endpoint.url, _DISABLED)


def _tell_disabled(endpoint: Endpoint) -> None:
    _log.error(
        "webhooks to %s are disabled: %s; see GET /webhooks/endpoints",
        masked(endpoint.url),
        endpoint.reason,
    )
