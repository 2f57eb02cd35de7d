"""SQLite's checkpoint, on a connection of its own."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

import aiosqlite

INTERVAL_S = 0.5
LONG_LOG_PAGES = 8_000
PATIENCE_S = 0.02
"""While it waits for somebody who reads, nobody can write: rather try again half a second later."""
_log = logging.getLogger(__name__)


class Checkpointer:
    """Moves what the log has gathered into the database file, twice a second.

    Left to SQLite it would run inside somebody's commit: 4 ms where 1 ms is usual.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End after one last checkpoint; cut short, it would leave a thread behind."""
        self._ending.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with aiosqlite.connect(
            self._path, isolation_level=None, timeout=PATIENCE_S
        ) as connection:
            while not self._ending.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), INTERVAL_S)
                try:
                    await _checkpoint(connection)
                except aiosqlite.Error as error:
                    _log.warning("checkpoint not made, trying again: %s", type(error).__name__)


async def _checkpoint(connection: aiosqlite.Connection) -> None:
    """Empty the log, as far as that holds nobody up.

    While messages come without a pause there is always a page the log still needs, and it would
    grow for ever: then, now and then, writers wait for the few milliseconds the last pages take.
    """
    rows = list(await connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)"))
    _, pages, _ = rows[0]
    if pages > LONG_LOG_PAGES:
        await connection.execute_fetchall("PRAGMA wal_checkpoint(RESTART)")
