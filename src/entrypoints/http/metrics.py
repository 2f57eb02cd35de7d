"""``GET /metrics``, for Prometheus."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from adapters.telemetry.exposition import CONTENT_TYPE, Exposition

METRICS = "/metrics"


@get(METRICS, include_in_schema=False)
async def get_metrics(exposition: NamedDependency[SkipValidation[Exposition]]) -> Response[bytes]:
    """Return every metric in the text format."""
    headers = {"cache-control": "no-store"}
    return Response(await exposition(), media_type=CONTENT_TYPE, headers=headers)
