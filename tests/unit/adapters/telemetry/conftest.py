"""What a test takes down belongs to no log line of the next one."""

from collections.abc import Iterator

import pytest

from adapters.telemetry.trace import TRACE_ID


@pytest.fixture(autouse=True)
def _no_trace() -> Iterator[None]:
    before = TRACE_ID.set(None)
    yield
    TRACE_ID.reset(before)
