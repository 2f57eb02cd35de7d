"""Runs a load in this process, on one processor."""

import os
from collections.abc import Coroutine

from benchmarks import event_loop
from benchmarks.measuring.load import Load, Row

ANSWER_S = 10
"""How long an answer may take."""


def run_here(coroutine: Coroutine[None, None, Row], load: Load) -> Row:
    """Run the coroutine pinned to the load's processor."""
    if load.cpu is not None:
        os.sched_setaffinity(0, {load.cpu})
    return event_loop.run(coroutine)
