"""Killed at any moment, nothing is lost and nothing is sent twice; tests/faults does it longer."""

from pathlib import Path

from adapters.persistence.engines import DatabaseTarget
from tests.faults import chaos
from tests.processes import Program

KILLS = 3


async def test_killed_at_any_moment_it_has_lost_nothing_and_doubled_nothing(
    place: Path, simulator: Program, target: DatabaseTarget
) -> None:
    figures, statuses = await chaos.run(target, simulator, place, kills=KILLS)
    assert not figures.broken, figures
    assert statuses.keys() <= chaos.ALLOWED_STATUSES
    assert figures.accepted > KILLS * 10, "the load was none"
