"""Which requests are traced: a share of them, the same in every process."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceFlags, TraceState
from opentelemetry.util.types import Attributes

_SPREAD_BITS = 32


class Spread(Sampler):
    """Asks another sampler, which must be one that decides alike wherever it is asked.

    Ratios are taken of a trace id's lower 64 bits. The upper two of these are fixed in every UUID:
    as it stands, a share of 10 % would be none, and one of 80 % all. Of the others, the lower 32
    are random even where several ids are made in a millisecond.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(  # noqa: PLR0913, PLR0917 - as OpenTelemetry calls it
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Ask with the random bits in front; see ``Sampler``."""
        spread = trace_id << _SPREAD_BITS
        return self._sampler.should_sample(
            parent_context, spread, name, kind, attributes, links, trace_state
        )

    def flags(self, trace_id: int) -> TraceFlags:
        """Return what the first span of a trace was, or would have been, marked with."""
        decision = self.should_sample(Context(), trace_id, "").decision
        sampled = decision is Decision.RECORD_AND_SAMPLE
        return TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)

    def get_description(self) -> str:
        """Name it, as OpenTelemetry wants it named."""
        return f"Spread{{{self._sampler.get_description()}}}"
