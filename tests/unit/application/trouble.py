"""An outbox that does what it never should."""

import asyncio
from typing import Any

import pytest

from application import settler
from tests.fakes import MemoryOutbox


class DefectError(Exception):
    """Something nobody foresaw."""


def break_first(monkeypatch: pytest.MonkeyPatch, method: str, times: int = 1) -> list[str]:
    """Have the outbox raise at the first calls of a method; all its calls, as they come."""
    real = getattr(MemoryOutbox, method)
    calls: list[str] = []

    async def defective(*arguments: object) -> Any:  # noqa: ANN401 - whatever the method returns
        calls.append(method)
        if len(calls) <= times:
            raise DefectError
        return await real(*arguments)

    monkeypatch.setattr(MemoryOutbox, method, defective)
    return calls


def hang_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no settlement come back, and the settler soon out of patience."""

    async def hanging(*_: object) -> bool:
        await asyncio.sleep(3600)
        return True

    monkeypatch.setattr(MemoryOutbox, "settle", hanging)
    monkeypatch.setattr(settler, "PATIENCE_S", 0.01)
