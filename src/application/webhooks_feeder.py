"""From what happened to webhooks that are due."""

import asyncio

from application.loops import for_ever
from application.ports.webhooks import WebhookFeed

EVERY_S = 0.5
LIMIT = 100
"""Lines at once; more would keep the one writer of a SQLite file busy for too long."""


class Feeder:
    """Makes deliveries of what happened, and has them posted at once."""

    def __init__(self, feed: WebhookFeed, ready: asyncio.Event) -> None:
        """Feed, and set ``ready`` when there is something to post."""
        self._feed = feed
        self._ready = ready

    async def run(self) -> None:
        """Go on until cancelled."""
        await for_ever(self.once, "webhooks of what happened")

    async def once(self) -> float:
        """Take what there is; return in how many seconds to look again."""
        taken = await self._feed.feed(LIMIT)
        if taken:
            self._ready.set()
        return 0.0 if taken == LIMIT else EVERY_S
