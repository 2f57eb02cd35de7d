"""Spans on their way to a collector, by OTLP over HTTP, from a thread of their own."""

import logging
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_log = logging.getLogger(__name__)


class ToldExporter(SpanExporter):
    """Tells once that another exporter fails, and once that it does so no more.

    That one's own words hold the collector's address, and a key may be part of it.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export; see ``SpanExporter``."""
        failed = self._exporter.export(spans) is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            _log.warning("traces do not reach OTEL_EXPORTER_OTLP_ENDPOINT; nothing else suffers")
        if self._failing and not failed:
            _log.info("traces reach OTEL_EXPORTER_OTLP_ENDPOINT again")
        self._failing = failed
        return SpanExportResult.FAILURE if failed else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Send no more; see ``SpanExporter``."""
        self._exporter.shutdown()


def otlp() -> SpanProcessor:
    """Make what sends spans, in batches, to where ``OTEL_EXPORTER_OTLP_...`` says.

    Raises:
        ValueError: one of these settings cannot be.
    """
    for name in ("opentelemetry.exporter", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return BatchSpanProcessor(ToldExporter(OTLPSpanExporter()))
