"""Killed at any moment, nothing is lost and nothing is sent twice; tests/faults does it longer."""

from pathlib import Path

from tests.faults import chaos
from tests.integration.conftest import sqlite_target
from tests.processes import Program

KILLS = 2


async def test_killed_at_any_moment_it_has_lost_nothing_and_doubled_nothing(
    tmp_path: Path, place: Path, simulator: Program
) -> None:
    figures, statuses = await chaos.run(sqlite_target(tmp_path), simulator, place, kills=KILLS)
    assert not figures.broken, figures
    assert statuses.keys() <= chaos.ALLOWED_STATUSES
    assert figures.accepted > KILLS * 10, "the load was none"
