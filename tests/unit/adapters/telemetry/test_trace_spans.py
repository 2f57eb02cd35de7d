"""Spans: their ids, their status, and what never gets into them."""

from contextlib import suppress
from datetime import UTC, datetime
from threading import Event
from time import monotonic
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from adapters.telemetry.trace import TRACE_ID, Answered
from adapters.telemetry.trace_spans import Spans

SECRET = "Code 4821 to 77011234567"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exported: InMemorySpanExporter) -> Spans:
    return Spans(SimpleSpanProcessor(exported), "1.2.3")


def answered(request_id: UUID | None, status: int = 200) -> Answered:
    return Answered(
        method="POST", route="/sms", request_id=request_id, began_ns=1, status=status, caller=None
    )


def only(exported: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exported.get_finished_spans()
    return span


@given(request_id=st.uuids(version=4))
def test_another_process_names_the_first_span_without_having_seen_it(request_id: UUID) -> None:
    here, there = InMemorySpanExporter(), InMemorySpanExporter()
    Spans(SimpleSpanProcessor(here), "1").answered(answered(request_id))
    with Spans(SimpleSpanProcessor(there), "1").step(request_id, "submit"):
        pass
    whole, step = only(here).context, only(there)
    assert whole is not None
    assert step.context is not None
    assert step.parent is not None
    assert whole.trace_id == step.context.trace_id == request_id.int
    assert step.parent.span_id == whole.span_id != step.context.span_id
    assert whole.trace_flags == step.context.trace_flags


def test_a_call_without_a_request_has_a_trace_of_its_own(
    spans: Spans, exported: InMemorySpanExporter
) -> None:
    spans.answered(answered(None))
    context = only(exported).context
    assert context is not None
    assert context.is_valid


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (200, StatusCode.UNSET),
        (400, StatusCode.UNSET),
        (429, StatusCode.UNSET),
        (500, StatusCode.ERROR),
        (503, StatusCode.ERROR),
        (0, StatusCode.ERROR),
    ],
)
def test_only_our_own_faults_are_errors(
    spans: Spans, exported: InMemorySpanExporter, status: int, code: StatusCode
) -> None:
    spans.answered(answered(uuid4(), status))
    assert only(exported).status.status_code is code


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyboardInterrupt(SECRET)])
def test_an_error_is_told_by_its_kind_alone(
    spans: Spans, exported: InMemorySpanExporter, error: BaseException
) -> None:
    with suppress(ValueError, KeyboardInterrupt), spans.step(uuid4(), "submit"):
        raise error
    span = only(exported)
    assert span.status.description == type(error).__name__
    assert SECRET not in span.to_json()


def test_a_step_may_have_begun_earlier(spans: Spans, exported: InMemorySpanExporter) -> None:
    began_at = datetime(2026, 11, 1, tzinfo=UTC)
    with spans.step(uuid4(), "receipt", began_at=began_at) as step:
        step.came_to("delivered", {"habar.provider": "smscru"})
    span = only(exported)
    assert span.start_time == int(began_at.timestamp()) * 1_000_000_000
    assert span.attributes == {"habar.outcome": "delivered", "habar.provider": "smscru"}


def test_log_lines_know_the_trace(spans: Spans) -> None:
    request_id, before = uuid4(), TRACE_ID.set(None)
    with spans.step(request_id, "submit"):
        assert TRACE_ID.get() == request_id
    TRACE_ID.reset(before)


def test_habar_has_a_name_unless_another_one_is_given(
    monkeypatch: pytest.MonkeyPatch, exported: InMemorySpanExporter
) -> None:
    Spans(SimpleSpanProcessor(exported), "1.2.3").answered(answered(None))
    monkeypatch.setenv("OTEL_SERVICE_NAME", "sms-in-almaty")
    Spans(SimpleSpanProcessor(exported), "1.2.3").answered(answered(None))
    ours, theirs = (span.resource.attributes for span in exported.get_finished_spans())
    assert (ours["service.name"], ours["service.version"]) == ("habar", "1.2.3")
    assert theirs["service.name"] == "sms-in-almaty"
    assert ours["service.instance.id"] != theirs["service.instance.id"]


class HangingProcessor(SpanProcessor):
    """Never comes to an end with what it has."""

    def __init__(self) -> None:
        self.going_on = Event()

    def shutdown(self) -> None:
        self.going_on.wait()


async def test_a_stop_does_not_wait_for_ever() -> None:
    processor, began = HangingProcessor(), monotonic()
    await Spans(processor, "1").close()
    assert monotonic() - began < 60
    processor.going_on.set()
