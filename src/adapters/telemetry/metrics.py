"""What this process has done, counted for Prometheus.

Counters and histograms only: their sum over all processes is what all have done.
"""

import re
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.telemetry.resolution import WAYS, how_resolved
from adapters.telemetry.series import OTHER, Catalogue
from application.ports.outbox import NewMessage, Settlement, SweepReport
from domain.event import Event, EventName
from domain.lookup import Balance
from domain.message import Channel, Message, MessageStatus
from domain.outcome import Accepted, SubmitOutcome, UnavailableKind
from domain.receipt import Receipt
from domain.segments import count_segments

STATUSES = (
    EventName.BLOCKED,
    EventName.SUBMITTED,
    EventName.DELIVERED,
    EventName.REJECTED,
    EventName.FAILED,
    EventName.UNKNOWN,
    EventName.UNDELIVERABLE,
    EventName.EXPIRED,
    EventName.CANCELED,
)
"""What a message, an attempt, a receipt, a look-up or a caller's change of mind can come to."""
_SUBMIT_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_DELIVERY_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_CURRENCY = re.compile("[A-Z]{3}")


class Metrics:
    """Counts; see ``Telemetry``."""

    def __init__(self, registry: CollectorRegistry, providers: Sequence[str]) -> None:
        """Count in ``registry``, telling ``providers`` apart."""
        made = Catalogue(registry, providers)
        channels = {"channel": list(Channel)}
        self._known = frozenset(providers)
        self._messages = made.counters(
            "habar_messages", "Messages that came to a state.", {**channels, "status": STATUSES}
        )
        self._submit = made.histograms(
            "habar_submit_seconds", "How long providers took to answer.", _SUBMIT_S, channels
        )
        self._delivery = made.histograms(
            "habar_delivery_seconds", "From a message's acceptance to its delivery.", _DELIVERY_S
        )
        self._segments = made.counters("habar_segments", "Segments of SMS that providers took.")
        self._resolved = made.counters(
            "habar_unknown_resolved", "Ends of doubts about an outcome.", {"how": WAYS}
        )
        self._retries = made.counters(
            "habar_retries", "Messages to be tried again.", {"reason": list(UnavailableKind)}
        )
        self._swept = Counter(
            "habar_swept_messages", "Messages a sweep moved.", ("status",), registry=registry
        )
        self._batch = Histogram(
            "habar_commit_batch_size", "Items in a transaction.", buckets=_BATCH, registry=registry
        )
        self._balance = Gauge(
            "habar_provider_balance", "Money left.", ("provider", "currency"), registry=registry
        )
        self.swept(SweepReport())

    def accepted(self, messages: Sequence[NewMessage]) -> None:
        """Count those that ended at once; see ``Telemetry``."""
        for new in messages:
            if new.events:
                self._count(new.message, new.events)

    def submitted(self, message: Message, outcome: SubmitOutcome, seconds: float) -> None:
        """Count a submission; see ``Telemetry``."""
        self._submit.of(message.provider, message.channel).observe(seconds)
        if isinstance(outcome, Accepted) and message.channel is Channel.SMS:
            self._segments.of(message.provider).inc(count_segments(message.text).count)

    def settled(self, settlement: Settlement) -> None:
        """Count what an attempt or a look-up came to; see ``Telemetry``."""
        message = settlement.message
        self._count(message, settlement.events)
        how = how_resolved(settlement)
        if how is not None:
            self._resolved.of(message.provider, how).inc()

    def reported(self, receipt: Receipt, message: Message) -> None:
        """Count what a receipt changed; see ``Telemetry``."""
        self._count(message, [receipt.event(max(receipt.at, message.updated_at))])
        if message.status is MessageStatus.UNKNOWN:
            self._resolved.of(receipt.provider, "receipt").inc()

    def canceled(self, message: Message) -> None:
        """Count a message that was taken back; see ``Telemetry``."""
        self._messages.of(message.provider, message.channel, EventName.CANCELED).inc()

    def retried(self, provider: str, reason: UnavailableKind) -> None:
        """Count a retry; see ``Telemetry``."""
        self._retries.of(provider, reason).inc()

    def swept(self, report: SweepReport) -> None:
        """Count what was found; see ``Telemetry``."""
        self._swept.labels(EventName.UNKNOWN).inc(report.in_doubt)
        self._swept.labels(EventName.EXPIRED).inc(report.expired)

    def committed(self, size: int) -> None:
        """Count a transaction; see ``Telemetry``."""
        self._batch.observe(size)

    def asked(self, provider: str, balance: Balance | None) -> None:
        """Show what is left, and nothing where that is not known; see ``Telemetry``."""
        code = provider if provider in self._known else OTHER
        self._balance.remove_by_labels({"provider": code})
        if balance is not None:
            currency = balance.currency or ""
            shown = currency if _CURRENCY.fullmatch(currency) else ""
            self._balance.labels(code, shown).set(float(balance.amount))

    def _count(self, message: Message, events: Iterable[Event]) -> None:
        for event in events:
            if event.name not in STATUSES:
                continue
            provider = event.provider or message.provider
            self._messages.of(provider, message.channel, event.name).inc()
            if event.name is EventName.DELIVERED:
                seconds = (event.at - message.created_at).total_seconds()
                self._delivery.of(provider).observe(max(0.0, seconds))
