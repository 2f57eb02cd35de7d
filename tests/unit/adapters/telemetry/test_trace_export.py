"""A collector that cannot be reached is told of once, and without its address."""

from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from adapters.telemetry.trace_export import ToldExporter, otlp

GOOD, BAD = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


class ScriptedExporter(SpanExporter):
    """Answers what it is told to, one answer after the other."""

    def __init__(self, answers: Sequence[SpanExportResult]) -> None:
        self._answers = iter(answers)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        return next(self._answers)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([GOOD, GOOD], []),
        ([BAD, BAD, BAD], ["WARNING"]),
        ([GOOD, BAD, BAD, GOOD, GOOD], ["WARNING", "INFO"]),
        ([BAD, GOOD, BAD], ["WARNING", "INFO", "WARNING"]),
    ],
    ids=repr,
)
def test_every_change_is_told_once(
    answers: list[SpanExportResult], told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "adapters.telemetry.trace_export")
    exporter = ToldExporter(ScriptedExporter(answers))
    assert [exporter.export(()) for _ in answers] == answers
    assert [record.levelname for record in caplog.records] == told


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_BSP_SCHEDULE_DELAY", "-1"), ("OTEL_BSP_MAX_QUEUE_SIZE", "-1")],
)
def test_a_setting_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"."):
        otlp()
