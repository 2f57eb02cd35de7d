"""What goes on for ever: no error ends it."""

import asyncio
import logging

import pytest

from application import loops
from application.errors import StorageUnavailableError
from application.loops import AFTER_ERROR_S, attempt, for_ever
from tests.unit.application.gateway import PHONE, until
from tests.unit.application.trouble import DefectError


async def test_a_step_says_how_long_it_wants_to_wait() -> None:
    async def step() -> float:
        return 0.25

    assert await attempt(step, "the work") == 0.25


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StorageUnavailableError("memory: away"), "the work not done, trying again: memory: away"),
        (DefectError(PHONE), "unforeseen DefectError, trying again: the work"),
    ],
)
async def test_an_error_is_told_and_makes_it_wait(
    error: Exception, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def step() -> float:
        raise error

    with caplog.at_level(logging.WARNING):
        assert await attempt(step, "the work") == AFTER_ERROR_S > 0
    assert line in caplog.text
    assert PHONE not in caplog.text


async def test_it_goes_on_until_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    done = 0

    async def step() -> float:
        nonlocal done
        done += 1
        if done % 2:
            raise DefectError
        return 0.0

    monkeypatch.setattr(loops, "AFTER_ERROR_S", 0.0)
    running = asyncio.create_task(for_ever(step, "the work"))
    await until(lambda: done >= 6)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
