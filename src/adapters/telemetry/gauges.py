"""How things stand, set when somebody asks for the metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Gauge

from adapters.telemetry.series import OTHER
from application.breaker import Breakers
from application.ports.backlog import Backlog
from domain.terms import Priority


class Gauges:
    """What is the same in every process, but for the connections to the database."""

    def __init__(self, registry: CollectorRegistry, providers: Sequence[str]) -> None:
        """Show them in ``registry``, telling ``providers`` apart."""

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        lane = ("provider", "priority")
        self._providers = providers
        self._up = gauge("habar_database_up", "Whether the database could be read.")
        self._queued = gauge("habar_queue_messages", "Messages that are due.", *lane)
        self._oldest = gauge("habar_queue_oldest_seconds", "How late the oldest is.", *lane)
        self._unknown = gauge(
            "habar_unknown_messages", "Messages whose outcome is asked about.", "provider"
        )
        self._webhooks = gauge("habar_webhook_backlog", "Webhooks not delivered yet.")
        self._dead = gauge("habar_dead_tuples", "Rows left to be vacuumed.", "table")
        self._open = gauge("habar_breaker_open", "Whether the circuit is open.", "provider")
        self._pool_size = gauge("habar_database_pool_size", "Connections kept.")
        self._pool_used = gauge("habar_database_pool_used", "Connections in use.")

    def show_backlog(self, backlog: Backlog | None) -> None:
        """Show what waits in the database; nothing of it where that could not be read."""
        self._up.set(backlog is not None)
        for gauge in (self._queued, self._oldest, self._unknown, self._dead):
            gauge.clear()
        if backlog is None:
            self._webhooks.set(float("nan"))
            return
        self._webhooks.set(backlog.webhooks)
        for table, number in backlog.dead_tuples.items():
            self._dead.labels(table).set(number)
        for provider, unknown in self._by_provider(backlog.unknown).items():
            self._unknown.labels(provider).set(unknown)
        for priority in Priority:
            self._show_lanes(backlog, priority)

    def show_breakers(self, breakers: Breakers) -> None:
        """Show which providers are in trouble; one that an operator holds is not."""
        for provider in self._providers:
            state = breakers.state(provider)
            self._open.labels(provider).set(state.open and not state.held)

    def show_pool(self, size: int, used: int) -> None:
        """Show this process's connections to the database."""
        self._pool_size.set(size)
        self._pool_used.set(used)

    def _show_lanes(self, backlog: Backlog, priority: Priority) -> None:
        lanes = {p: found for (p, lane), found in backlog.queued.items() if lane is priority}
        numbers = self._by_provider({provider: found[0] for provider, found in lanes.items()})
        for provider, number in numbers.items():
            ages = [age for p, (_, age) in lanes.items() if self._code(p) == provider]
            self._queued.labels(provider, priority.label).set(number)
            self._oldest.labels(provider, priority.label).set(max(ages, default=0.0))

    def _by_provider(self, numbers: Mapping[str, int]) -> Mapping[str, int]:
        """Add up, with a zero where there is none; who is not configured counts as one."""
        total = Counter(dict.fromkeys(self._providers, 0))
        for provider, number in numbers.items():
            total[self._code(provider)] += number
        return total

    def _code(self, provider: str) -> str:
        return provider if provider in self._providers else OTHER
