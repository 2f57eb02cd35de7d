"""Killed at any moment under any load, it has lost nothing and doubled nothing."""

from pathlib import Path

from adapters.persistence.engines import DatabaseTarget
from tests.faults import chaos
from tests.faults.records import Records
from tests.processes import Program

KILLS = 30
PLACES = 16
"""Messages that one process has under way at most, with the settings of ``chaos``."""


async def test_thirty_kills_lose_nothing_and_double_nothing(
    target: DatabaseTarget, simulator: Program, place: Path
) -> None:
    figures, statuses = await chaos.run(target, simulator, place, kills=KILLS)
    print(chaos.line(target.url.get_backend_name(), KILLS, figures, statuses))  # noqa: T201 - figures
    assert not figures.broken, figures
    assert statuses.keys() <= chaos.ALLOWED_STATUSES
    assert figures.accepted > KILLS * 10, "the load was none"
    assert figures.resolved > 0, "nobody died of a message under way: the kills were none"
    assert figures.held <= KILLS * PLACES
    held = [row for row in Records(target).messages() if row.held]
    assert all(row.doubted and row.attempts == 1 for row in held), "held, and never in doubt"
