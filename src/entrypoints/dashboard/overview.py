"""The first page: what needs a person, what was sent, what waits, how the providers are."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from application.figures import Figures, FiguresOf, Span
from application.overview import Overview
from entrypoints.dashboard.pages import page
from entrypoints.dashboard.queries import choice
from entrypoints.dashboard.visit import ROOT
from entrypoints.http.provider_view import provider_view
from entrypoints.http.replies import HttpRequest


@get(ROOT)
async def get_overview(
    request: HttpRequest,
    overview: NamedDependency[Overview],
    figures: NamedDependency[Figures],
    span: FromQuery[str] = Span.HOUR.value,
) -> Response[str]:
    """Show how everything is."""
    state = await overview()
    found = await figures(choice(Span, span) or Span.HOUR)
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
        figures=found,
        spans=list(Span),
        by_provider={one.provider: one for one in found.providers},
        chart=msgspec.json.encode(_chart(found)).decode(),
    )


def _chart(found: FiguresOf) -> Any:  # noqa: ANN401 - JSON for the script that draws it
    return [
        [int(at.timestamp()) for at in found.times],
        [part.sent for part in found.parts],
        [part.delivered for part in found.parts],
        [part.failed for part in found.parts],
        [part.unknown for part in found.parts],
    ]
