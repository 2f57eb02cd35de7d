"""A share of the requests is traced, and it is the same ones everywhere."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, TraceIdRatioBased

from adapters.ids import TimeOrderedIds
from adapters.telemetry.trace import Answered
from adapters.telemetry.trace_sampling import Spread
from adapters.telemetry.trace_spans import Spans

REQUESTS = 2_000
SLACK = 200
"""More than nine standard deviations."""


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.8])
def test_a_ratio_is_one_of_requests(ratio: float) -> None:
    sampler, ids = Spread(TraceIdRatioBased(ratio)), TimeOrderedIds()
    sampled = sum(sampler.flags(ids.new().int).sampled for _ in range(REQUESTS))
    assert abs(sampled - ratio * REQUESTS) < SLACK


def test_all_and_none_stay_so() -> None:
    request_id = TimeOrderedIds().new()
    assert Spread(ParentBased(ALWAYS_ON)).flags(request_id.int).sampled
    assert not Spread(ParentBased(ALWAYS_OFF)).flags(request_id.int).sampled


@given(seed=st.uuids(version=4), name=st.sampled_from(["parentbased_traceidratio", "traceidratio"]))
def test_a_request_is_traced_whole_or_not_at_all(seed: UUID, name: str) -> None:
    exported = InMemorySpanExporter()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_TRACES_SAMPLER", name)
        environment.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
        accepting, sending = (Spans(SimpleSpanProcessor(exported), "1") for _ in range(2))
    with sending.step(seed, "submit"):
        pass
    call = Answered(
        method="POST", route="/sms", request_id=seed, began_ns=1, status=200, caller=None
    )
    accepting.answered(call)
    spans = exported.get_finished_spans()
    assert len(spans) in {0, 2}
    for span in spans:
        assert span.context is not None
        assert span.context.trace_id == seed.int
