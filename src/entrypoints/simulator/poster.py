"""Posts callbacks, again where the provider would, and writes down what was answered."""

import asyncio
import itertools
from datetime import UTC, datetime

import aiohttp

from entrypoints.simulator.callbacks import (
    Callback,
    CallbackLog,
    Failure,
    PostedCallback,
    failure_of,
)
from entrypoints.simulator.gateway import Addresses


class Poster:
    """The HTTP client of all providers."""

    def __init__(self, addresses: Addresses, log: CallbackLog) -> None:
        self._addresses = addresses
        self._log = log
        self._session: aiohttp.ClientSession | None = None

    async def post(self, callback: Callback) -> int | None:
        """Post until it is taken or the provider gives up; the last HTTP status, if any."""
        for attempt in itertools.count(1):
            target = self._addresses.target(callback.url)
            if target is None:
                return None
            posted, failure = await self._once(callback, attempt, target)
            self._log.add(posted)
            if not callback.retries.again(attempt, failure):
                return posted.http_status
            await asyncio.sleep(self._addresses.gateway.retry_s * attempt)
        raise AssertionError("counting never ends")

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def _once(
        self, callback: Callback, attempt: int, target: str
    ) -> tuple[PostedCallback, Failure | None]:
        status, error, failure = None, None, None
        try:
            status = await self._answered(callback, attempt, target)
            failure = failure_of(status)
        except aiohttp.ClientConnectorError as raised:
            error, failure = type(raised).__name__, Failure.CONNECT
        except (aiohttp.ClientError, TimeoutError, ValueError) as raised:
            error, failure = type(raised).__name__, Failure.READ
        posted = PostedCallback(
            at=datetime.now(UTC),
            provider=callback.provider,
            kind=callback.kind,
            url=callback.url,
            word=callback.word,
            phone=callback.phone,
            reference=callback.reference,
            provider_id=callback.provider_id,
            attempt=attempt,
            http_status=status,
            error=error,
        )
        return posted, failure

    async def _answered(self, callback: Callback, attempt: int, target: str) -> int:
        written = callback.write(attempt)
        async with self._http().post(
            target,
            data=written.body,
            headers=written.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=callback.retries.timeout_s),
        ) as response:
            await response.read()
            return response.status

    def _http(self) -> aiohttp.ClientSession:
        # Made late: a session belongs to the loop that runs.
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session
