"""Traces as OpenTelemetry has them; the one module that imports it, which is an optional extra."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from http import HTTPStatus
from threading import Thread
from uuid import UUID, uuid4

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from adapters.telemetry.trace import NONE, TRACE_ID, Answered, Facts
from adapters.telemetry.trace_sampling import Spread

FLUSH_S = 2.0
"""A stop waits so long for what has not been sent yet."""
_SPAN_ID = (1 << 64) - 1
_ROOT: ContextVar[UUID | None] = ContextVar("root", default=None)


class Spans:
    """Makes spans; see ``Trace``.

    The first span of a request has an id that is made of the request's: every other one, in
    whatever process, names it as its parent.
    """

    def __init__(self, processor: SpanProcessor, version: str) -> None:
        """Hand spans to ``processor``; all else is set as OpenTelemetry has it, ``OTEL_...``."""
        provider = TracerProvider(
            resource=_resource(version), id_generator=_Ids(), shutdown_on_exit=False
        )
        provider.sampler = self._sampler = Spread(provider.sampler)
        provider.add_span_processor(processor)
        self._processor = processor
        self._tracer = provider.get_tracer("habar", version)

    @contextmanager
    def step(
        self,
        request_id: UUID,
        name: str,
        facts: Facts = NONE,
        *,
        outward: bool = False,
        began_at: datetime | None = None,
    ) -> Iterator["_Step"]:
        """Make a span of a step; see ``Trace.step``."""
        TRACE_ID.set(request_id)
        span = self._tracer.start_span(
            name,
            self._below(request_id),
            kind=otel.SpanKind.CLIENT if outward else otel.SpanKind.INTERNAL,
            attributes=dict(facts),
            start_time=None if began_at is None else round(began_at.timestamp() * 1e9),
        )
        try:
            yield _Step(span)
        except BaseException as error:
            # The kind alone: its words may quote a text or a secret.
            span.set_status(otel.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            span.end()

    def answered(self, call: Answered) -> None:
        """Make a span of a call; see ``Trace.answered``."""
        token = _ROOT.set(call.request_id)
        span = self._tracer.start_span(
            f"{call.method} {call.route}",
            Context(),
            kind=otel.SpanKind.SERVER,
            attributes={
                "http.request.method": call.method,
                "http.route": call.route,
                "http.response.status_code": call.status,
            },
            links=_links(call.caller),
            start_time=call.began_ns,
        )
        _ROOT.reset(token)
        if not call.status or call.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            span.set_status(otel.StatusCode.ERROR)
        span.end()

    async def close(self) -> None:
        """Send what waits; see ``Trace.close``."""
        # Neither it nor the end of the process waits for a thread of this kind.
        sending = Thread(target=self._processor.shutdown, name="habar-traces", daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, FLUSH_S)

    def _below(self, request_id: UUID) -> Context:
        """Return what makes a span a child of the request's first one, wherever that was made."""
        whole = otel.SpanContext(
            trace_id=request_id.int,
            span_id=_first(request_id),
            is_remote=True,
            trace_flags=self._sampler.flags(request_id.int),
        )
        return otel.set_span_in_context(otel.NonRecordingSpan(whole), Context())


class _Step:
    """A span that is not ended; see ``Step``."""

    def __init__(self, span: otel.Span) -> None:
        self._span = span

    def came_to(self, outcome: str, facts: Facts = NONE, *, failed: bool = False) -> None:
        """Put the outcome on the span; see ``Step.came_to``."""
        self._span.set_attributes({"habar.outcome": outcome, **facts})
        if failed:
            self._span.set_status(otel.StatusCode.ERROR, outcome)


class _Ids(RandomIdGenerator):
    """Names the first span of a request, and its trace, after it; all others by chance."""

    def is_trace_id_random(self) -> bool:
        """Tell that less of an id is random than its readers may want to build on."""
        return False

    def generate_trace_id(self) -> int:
        """Return the id of a new trace."""
        root = _ROOT.get()
        return super().generate_trace_id() if root is None else root.int

    def generate_span_id(self) -> int:
        """Return the id of a new span."""
        root = _ROOT.get()
        return super().generate_span_id() if root is None else _first(root)


def _first(request_id: UUID) -> int:
    """Return the id of a request's first span; the variant of the UUID keeps it from being 0."""
    return request_id.int & _SPAN_ID


def _links(traceparent: str | None) -> Sequence[otel.Link]:
    if traceparent is None:
        return ()
    # Its ``tracestate`` is left where it is: anything may stand there.
    found = TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())
    caller = otel.get_current_span(found).get_span_context()
    return (otel.Link(caller),) if caller.is_valid else ()


def _resource(version: str) -> Resource:
    ours = {
        "service.name": "habar",
        "service.version": version,
        "service.instance.id": str(uuid4()),
    }
    # ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` have the last word.
    return Resource.create(ours).merge(OTELResourceDetector().detect())
