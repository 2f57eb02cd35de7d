"""From the first connection to the last."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.errors import SettingsError
from entrypoints.checks import exposure
from entrypoints.container import Container


@asynccontextmanager
async def life(container: Container) -> AsyncIterator[None]:
    """Open the database, serve, close everything; also for use without HTTP.

    Raises:
        SettingsError: the database cannot be used, or everybody could call; it says why.
    """
    storage = container.storage()
    await storage.open()
    try:
        await _refuse_exposure(container)
        await _keep_first_user(container)
    except BaseException:
        await storage.close()
        raise
    queue, background = container.queue(), container.background()
    await queue.open()
    await background.start()
    _settle_garbage()
    try:
        yield
    finally:
        await background.close()
        await container.carriers().close()
        await queue.close()
        await storage.close()
        if (trace := container.trace()) is not None:
            await trace.close()


async def _refuse_exposure(container: Container) -> None:
    """Serve other machines only where somebody has a key, or had one."""
    problem = exposure(container.settings())
    if problem is None:
        return
    ring = container.key_ring()
    await ring.refresh()
    if ring.empty:
        raise SettingsError([problem])


async def _keep_first_user(container: Container) -> None:
    password = container.settings().dashboard_password
    if password is not None:
        await container.manage_users().keep_first(password)


def _settle_garbage() -> None:
    """What was made at the start lives as long as the process: spare the collector a look at it.

    Fewer, later collections; worst-case latency halves and memory stays.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)
