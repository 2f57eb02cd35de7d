"""Whether requests are traced, and what is put in front of the ports for it.

All settings are OpenTelemetry's own: its SDK reads them from the environment, and so does this.
"""

import logging
import os
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec

from adapters.telemetry.trace import Trace
from adapters.telemetry.traced_outbox import TracedOutbox
from adapters.telemetry.traced_poster import TracedPoster
from adapters.telemetry.traced_reports import TracedReports
from application.ports.outbox import Outbox
from application.ports.telemetry import Telemetry
from application.ports.webhooks import WebhookPoster
from entrypoints.telemetry import counted

EXPORTER = "OTEL_TRACES_EXPORTER"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"
_log = logging.getLogger(__name__)


def choose_trace() -> Trace | None:
    """Make what takes requests down; ``None`` where nobody wants that, or it cannot be done."""
    if not is_wanted(os.environ):
        return None
    problem = problem_with(os.environ)
    if problem is not None:
        _log.warning("nothing is traced: %s", problem)
        return None
    try:
        # Here, and not above: without the extra there is nothing to import.
        from adapters.telemetry.trace_export import otlp  # noqa: PLC0415
        from adapters.telemetry.trace_spans import Spans  # noqa: PLC0415

        return Spans(otlp(), version("habar"))
    except Exception as error:  # noqa: BLE001 - traces are never worth a start that fails
        _log.warning("nothing is traced: a setting of OpenTelemetry: %s", type(error).__name__)
        return None


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether somebody has asked for traces."""
    exporter = environment.get(EXPORTER)
    disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if disabled or exporter == "none":
        return False
    return bool(exporter or _first(environment, _ENDPOINTS))


def problem_with(environment: Mapping[str, str]) -> str | None:
    """Say why nothing can be traced, and what to do about it; ``None`` where all is well."""
    if environment.get(EXPORTER) not in {None, "", "otlp"}:
        return f"{EXPORTER}: expected otlp or none"
    protocol = _first(environment, _PROTOCOLS)
    if protocol not in {None, _SPOKEN}:
        return f"OTEL_EXPORTER_OTLP_PROTOCOL: expected {_SPOKEN}, to port 4318 as a rule"
    return None if _is_installed() else "the extra otel is not installed; see docs/traces.md"


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # not even what it is a part of
        return False


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(environment.get, names)), None)


def traced_outbox(outbox: Outbox, telemetry: Telemetry, trace: Trace | None) -> Outbox:
    """Have an outbox tell what it has written, where anybody listens."""
    return counted(outbox, telemetry) if trace is None else TracedOutbox(outbox, telemetry, trace)


def traced_reports(telemetry: Telemetry, trace: Trace | None) -> Telemetry:
    """Have receipts taken down, too."""
    return telemetry if trace is None else TracedReports(telemetry, trace)


def traced_poster(poster: WebhookPoster, trace: Trace | None) -> WebhookPoster:
    """Have webhooks taken down."""
    return poster if trace is None else TracedPoster(poster, trace)
