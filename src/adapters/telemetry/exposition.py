"""The metrics as Prometheus reads them."""

from importlib.metadata import version

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.telemetry.gauges import Gauges
from application.breaker import Breakers
from application.errors import StorageUnavailableError
from application.ports.backlog import BacklogSource

CONTENT_TYPE = "text/plain; version=0.0.4"


class Exposition:
    """Reads how things stand, and writes everything down."""

    def __init__(
        self,
        registry: CollectorRegistry,
        gauges: Gauges,
        backlog: BacklogSource,
        breakers: Breakers,
        engine: AsyncEngine,
    ) -> None:
        self._registry = registry
        self._gauges = gauges
        self._backlog = backlog
        self._breakers = breakers
        self._pool = engine.pool
        labels = ("version", "database")
        build = Gauge("habar_build_info", "What runs here.", labels, registry=registry)
        build.labels(version("habar"), engine.dialect.name).set(1)

    async def __call__(self) -> bytes:
        """Write the metrics down; a database that is away is a metric, too."""
        try:
            backlog = await self._backlog.read()
        except StorageUnavailableError:
            backlog = None
        # Nothing is waited for from here on: two who ask at once do not mix.
        self._gauges.show_backlog(backlog)
        self._gauges.show_breakers(self._breakers)
        if isinstance(self._pool, sa.QueuePool):
            self._gauges.show_pool(self._pool.size(), self._pool.checkedout())
        return generate_latest(self._registry)
