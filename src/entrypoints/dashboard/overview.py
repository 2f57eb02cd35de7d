"""The first page: what needs a person, what waits, how the providers are."""

from litestar import Response, get
from litestar.di import NamedDependency

from application.overview import Overview
from entrypoints.dashboard.pages import page
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.provider_view import provider_view
from entrypoints.http.replies import HttpRequest


@get(ROOT)
async def get_overview(request: HttpRequest, overview: NamedDependency[Overview]) -> Response[str]:
    """Show how everything is."""
    state = await overview()
    lanes = sorted(
        (provider, priority.label, count, late)
        for (provider, priority), (count, late) in state.backlog.queued.items()
    )
    return page(
        request,
        "overview.html",
        state=state,
        lanes=lanes,
        providers=[provider_view(report) for report in state.providers],
        troubles=[provider_view(report) for report in state.troubles],
    )
