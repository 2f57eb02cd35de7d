"""Who is told of subscribers' messages in this deployment."""

import sqlalchemy as sa

from adapters.persistence.inbound import Announce
from adapters.persistence.webhook_rows import insert_received
from application.ports.system import Clock
from domain.inbound import InboundMessage
from entrypoints.http.webhooks_view import received_body
from entrypoints.settings import Settings


def announcement(settings: Settings, clock: Clock) -> Announce:
    """Return what has a subscriber's message told to ``WEBHOOK_URLS``."""
    urls = settings.webhook_urls

    def announce(connection: sa.Connection, inbound: InboundMessage) -> None:
        if urls:
            insert_received(connection, inbound, received_body(inbound), urls, clock.now())

    return announce
