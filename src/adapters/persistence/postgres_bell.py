"""Wake-ups between the processes on one PostgreSQL database.

They save waiting, nothing more: one that is lost is made up for by asking once a second.
"""

import asyncio
import logging
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import sql

from adapters.persistence.bell import Bell
from adapters.persistence.engines import DatabaseTarget, postgres_arguments

INTERVAL_S = 0.01
"""Each notifying commit takes a lock on the whole database."""
ANSWER_S = 15.0
_SHORTEST_S = 0.1
_LONGEST_S = 5.0
_AWAY = (psycopg.Error, OSError, TimeoutError)
_log = logging.getLogger(__name__)


class PostgresBell:
    """Rings this process's bell and, with ``NOTIFY``, that of every other one."""

    def __init__(self, target: DatabaseTarget, bell: Bell) -> None:
        self._target = target
        self._bell = bell
        name = sha256(str(target.schema).encode()).hexdigest()
        self._channel = f"habar_{name[:16]}"
        self._rung: set[str] = set()
        self._ringing = asyncio.Event()
        self._own_pid: int | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def open(self) -> None:
        """Begin to listen and to notify; a database that is away is waited for."""
        self._tasks = (asyncio.create_task(self._listen()), asyncio.create_task(self._notify()))

    async def close(self) -> None:
        """End both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ring(self, provider: str) -> None:
        """Wake up who waits for a provider, here and in the other processes."""
        self._bell.ring(provider)
        self._rung.add(provider)
        self._ringing.set()

    async def wait(self, provider: str, timeout_s: float) -> bool:
        """Return when a provider was rung for, or after the time."""
        return await self._bell.wait(provider, timeout_s)

    async def _listen(self) -> None:
        delays = _delays()
        while True:
            try:
                async with await self._connect() as connection:
                    if await _is_pooled(connection):
                        _log.info("not listening: PgBouncer passes no notifications on")
                        return
                    await connection.execute(sql.SQL("LISTEN {}").format(self._name))
                    delays = _delays()
                    await self._hear(connection)
            except _AWAY as error:
                _log.warning("not listening, trying again: %s", type(error).__name__)
            await asyncio.sleep(next(delays))

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async for notice in connection.notifies():
            if notice.pid != self._own_pid:  # its own waiters were woken up at once
                self._bell.ring(notice.payload)

    async def _notify(self) -> None:
        delays = _delays()
        while True:
            try:
                async with await self._connect() as connection:
                    self._own_pid = connection.info.backend_pid
                    delays = _delays()
                    await self._pass_on(connection)
            except _AWAY as error:
                _log.warning("not notifying, trying again: %s", type(error).__name__)
            await asyncio.sleep(next(delays))

    async def _pass_on(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Notify at once, then no more often than it is good for the database."""
        statement = "SELECT pg_notify(%s, provider) FROM unnest(%s::text[]) AS r(provider)"
        while True:
            await self._ringing.wait()
            self._ringing.clear()
            rung, self._rung = self._rung, set()
            async with asyncio.timeout(ANSWER_S):
                await connection.execute(statement, (self._channel, [*rung]))
            await asyncio.sleep(INTERVAL_S)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        address = self._target.url.set(drivername="postgresql")
        arguments: dict[str, Any] = {**postgres_arguments(), "autocommit": True}
        return await psycopg.AsyncConnection.connect(
            address.render_as_string(hide_password=False), **arguments
        )

    @property
    def _name(self) -> sql.Identifier:
        return sql.Identifier(self._channel)


async def _is_pooled(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Tell whether somebody stands between: the process that answers is another one."""
    cursor = await connection.execute("SELECT pg_backend_pid()")
    row = await cursor.fetchone()
    return row is None or row[0] != connection.info.backend_pid


def _delays() -> Iterator[float]:
    delay_s = _SHORTEST_S
    while True:
        yield delay_s
        delay_s = min(2 * delay_s, _LONGEST_S)
