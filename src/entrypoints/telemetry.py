"""What is measured in this deployment, and for whom."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from adapters.persistence.engines import DatabaseTarget, Engines
from adapters.telemetry.backlog import SqlBacklog
from adapters.telemetry.counted_outbox import CountedOutbox
from adapters.telemetry.exposition import Exposition
from adapters.telemetry.gauges import Gauges
from adapters.telemetry.metrics import Metrics
from application.background import Loop
from application.balances import WatchBalances
from application.breaker import Breakers
from application.ports.backlog import BacklogSource
from application.ports.balances import BalanceLog
from application.ports.outbox import Outbox
from application.ports.system import Clock
from application.ports.telemetry import SILENT, Telemetry
from application.routing import SMS_PROVIDERS
from entrypoints.carriers import Carriers
from entrypoints.checks import configured
from entrypoints.settings import Settings


def choose_telemetry(settings: Settings, registry: CollectorRegistry) -> Telemetry:
    """Choose who hears of what happens."""
    return Metrics(registry, _codes(settings)) if settings.metrics_enabled else SILENT


def counted(outbox: Outbox, telemetry: Telemetry) -> Outbox:
    """Have an outbox tell what it has written, where anybody listens."""
    return outbox if telemetry is SILENT else CountedOutbox(outbox, telemetry)


def sql_backlog(target: DatabaseTarget, engines: Engines, clock: Clock) -> SqlBacklog:
    """Make what counts what waits."""
    schema = None if target.sqlite_path is not None else target.schema or "public"
    return SqlBacklog(engines.reader, clock, schema)


def make_exposition(
    settings: Settings,
    registry: CollectorRegistry,
    engines: Engines,
    breakers: Breakers,
    backlog: BacklogSource,
) -> Exposition:
    """Make what Prometheus reads."""
    gauges = Gauges(registry, _codes(settings))
    return Exposition(registry, gauges, backlog, breakers, engines.reader)


def balance_loops(
    carriers: Carriers, telemetry: Telemetry, log: BalanceLog, clock: Clock, settings: Settings
) -> Sequence[Loop]:
    """Return who watches the balances: every process that sends, where anybody looks at them."""
    looked_at = telemetry is not SILENT or settings.dashboard_enabled
    if not looked_at or settings.habar_role == "api":
        return ()
    return [WatchBalances(list(carriers.by_code.values()), telemetry, log, clock)]


def _codes(settings: Settings) -> Sequence[str]:
    """Return the codes of the providers this deployment has."""
    return (*SMS_PROVIDERS, "dummy") if settings.sms_dummy else tuple(configured(settings))
