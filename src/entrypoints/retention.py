"""How long things are kept in this deployment."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from adapters.persistence.retention import (
    OldWebhooks,
    Simple,
    delete_inbound,
    delete_keys,
    empty_inbound,
)
from adapters.persistence.retention_kinds import EVERYTHING, TEXTS
from adapters.persistence.retention_requests import OldRequests
from adapters.persistence.webhook_transactions import ShortTransactions
from application.background import Loop
from application.ports.system import Clock
from application.retention import Retention, Rule
from entrypoints.settings import Settings


def retention_loops(
    transactions: ShortTransactions, clock: Clock, settings: Settings
) -> Sequence[Loop]:
    """Make what removes old things; where everything is kept, nothing runs."""
    rules = list(_rules(transactions, settings))
    return [Retention(rules, clock)] if rules and settings.habar_role != "api" else []


def _rules(transactions: ShortTransactions, settings: Settings) -> Iterator[Rule]:
    announced = settings.announced
    hours, days = settings.text_retention_hours, settings.retention_days
    texts = None if hours is None else timedelta(hours=hours)
    rest = None if days is None else timedelta(days=days)
    if texts is not None:
        yield Rule(
            "texts of requests", OldRequests(transactions, TEXTS, announced=announced), texts
        )
        yield Rule("texts of inbound messages", Simple(transactions, empty_inbound), texts)
    if webhooks := texts or rest:  # what was told is text, too
        yield Rule("webhook events", OldWebhooks(transactions, announced=announced), webhooks)
    if rest is not None:
        yield Rule("messages", OldRequests(transactions, EVERYTHING, announced=announced), rest)
        yield Rule("inbound messages", Simple(transactions, delete_inbound), rest)
        yield Rule("idempotency keys without a request", Simple(transactions, delete_keys), rest)
