"""What goes on for ever: no error ends it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from application.defects import told
from application.errors import StorageUnavailableError

AFTER_ERROR_S = 1.0
_log = logging.getLogger(__name__)


async def attempt(step: Callable[[], Awaitable[float]], what: str) -> float:
    """Do a step, and return how many seconds it wants to wait; after an error, one second."""
    try:
        return await step()
    except StorageUnavailableError as error:
        _log.warning("%s not done, trying again: %s", what, error)
    except Exception as error:  # noqa: BLE001 - a defect in one step must not end all the others
        _log.error("%s", told(error, f", trying again: {what}"))
    return AFTER_ERROR_S


async def for_ever(step: Callable[[], Awaitable[float]], what: str) -> None:
    """Do a step again and again, until cancelled."""
    while True:  # noqa: ASYNC110 - the time between is the step's to choose
        await asyncio.sleep(await attempt(step, what))
