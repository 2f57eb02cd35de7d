"""Webhooks of a deployment: to whom, and who makes and posts them."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version

from adapters.http_engine import HttpEngine
from adapters.persistence.webhook_feed import SqlWebhookFeed
from adapters.persistence.webhook_outbox import SqlWebhookOutbox
from adapters.persistence.webhook_transactions import ShortTransactions
from adapters.telemetry.trace import Trace
from adapters.webhooks.poster import KEEP_BYTES, HttpPoster
from adapters.webhooks.resolver import PublicResolver
from adapters.webhooks.signature import read_secret
from application.background import Loop
from application.ports.system import Clock, Ids
from application.webhook_trial import TryWebhook
from application.webhooks import Deliverer
from application.webhooks_addresses import WebhookAddresses
from application.webhooks_feeder import Feeder
from entrypoints.http.webhooks_view import message_body, trial_body
from entrypoints.settings import Settings
from entrypoints.tracing import traced_poster

CONNECTIONS = 1_000
"""More than there are places: a post never waits for a connection."""


def webhook_addresses(settings: Settings) -> WebhookAddresses:
    """Tell who may be told."""
    return WebhookAddresses(tuple(map(str, settings.webhook_urls)), settings.webhook_hosts)


def webhook_loops(  # noqa: PLR0913, PLR0917 - all that they work with
    transactions: ShortTransactions,
    addresses: WebhookAddresses,
    clock: Clock,
    ids: Ids,
    settings: Settings,
    trace: Trace | None = None,
) -> Sequence[Loop]:
    """Make what tells of events; where nobody is to be told, nothing runs."""
    if settings.habar_role == "api" or not settings.announced:
        return ()
    ready = asyncio.Event()
    feed = SqlWebhookFeed(transactions, addresses, message_body, clock)
    outbox = SqlWebhookOutbox(transactions)
    poster = traced_poster(_poster(settings), trace)
    deliverer = Deliverer(outbox, poster, addresses, clock, ids, random.random, ready)
    return Feeder(feed, ready), deliverer


def webhook_trial(
    addresses: WebhookAddresses, clock: Clock, ids: Ids, settings: Settings
) -> TryWebhook:
    """Make what tries an address."""
    return TryWebhook(partial(_poster, settings), trial_body, addresses, clock, ids)


def _poster(settings: Settings) -> HttpPoster:
    resolver = PublicResolver(allow_private=settings.webhook_allow_private)
    engine = HttpEngine(connections=CONNECTIONS, resolve=resolver, keep_bytes=KEEP_BYTES)
    secrets = [read_secret(secret) for secret in settings.webhook_secrets]
    return HttpPoster(engine, secrets, version("habar"))
