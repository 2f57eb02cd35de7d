"""The same request again: a key, and the first answer given once more."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import UUID

from application.ports.idempotency import IdempotencyRepository, StoredAnswer
from application.ports.repositories import MessageRepository
from application.ports.system import Clock
from application.send_report import STOPPING, SendReport
from domain.errors import KeyReusedError, RequestNotFoundError, RequestRunningError
from domain.idempotency import IdempotencyKey
from domain.message import Message, MessageStatus
from domain.phone import Phone
from domain.request import Request

KEEP_S = 20.0
HOLD_S = 45.0
"""Less than the minute after which others take a key for orphaned."""
PAGE = 1_000
RUNNING = "The first request with this Idempotency-Key is still being served; ask again soon."
_log = logging.getLogger(__name__)


class Replays:
    """What is known of an idempotency key, and what is added to it."""

    def __init__(
        self, keys: IdempotencyRepository, repository: MessageRepository, clock: Clock
    ) -> None:
        self._keys = keys
        self._repository = repository
        self._clock = clock
        self._kept_at: dict[int, float] = {}  # by the key's identity: two calls may have equal ones

    async def earlier(self, key: IdempotencyKey) -> StoredAnswer | UUID | None:
        """Look for the first call with a key.

        Returns:
            Its answer; the id of its request, when its process died before it answered; ``None``
            when this one is the first.

        Raises:
            KeyReusedError: it was another call.
            RequestRunningError: it is still being served.
        """
        record = await self._keys.find(key.account, key.key)
        if record is None:
            return None
        if record.fingerprint != key.fingerprint:
            raise KeyReusedError(
                "This Idempotency-Key was used for another request; use a new one for this."
            )
        if record.answer is not None:
            return record.answer
        if record.running or record.request_id is None:
            raise RequestRunningError(RUNNING)
        return record.request_id

    async def retold(self, request_id: UUID, plan: SendReport) -> SendReport:
        """Tell what became of a request whose process died of it; nothing is sent.

        Args:
            request_id: of the request.
            plan: the report of a dry run of it: who was to get it, in the order they were named.

        Raises:
            RequestNotFoundError: it is not kept any more.
            RequestRunningError: a message still has to be found out about.
        """
        request = await self._repository.request(request_id)
        if request is None:
            raise RequestNotFoundError(
                "The request with this Idempotency-Key is not kept any more."
            )
        written = await self._written(request)
        messages: list[Message] = []
        for index, planned in enumerate(plan.messages, 1):
            messages.append(_as_told(request, planned, written.get(planned.recipient)))
            if index % PAGE == 0:
                await asyncio.sleep(0)
        return SendReport(request, plan.segments, tuple(messages))

    async def finish(self, key: IdempotencyKey, answer: StoredAnswer) -> None:
        """Keep the answer of a first call; where that fails it is made again when asked for."""
        try:
            await self._keys.finish(key, answer)
        except Exception as error:  # noqa: BLE001 - what was done is done, and has to be told
            _log.warning("the answer to a request with a key is not kept: %s", type(error).__name__)

    @asynccontextmanager
    async def kept(self, key: IdempotencyKey) -> AsyncIterator[None]:
        """Say that a call is being served for as long as the block lasts."""
        self._kept_at[id(key)] = self._clock.boot()
        beat = asyncio.create_task(self._keep(key))
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.wait([beat])
            del self._kept_at[id(key)]

    def holds(self, key: IdempotencyKey) -> bool:
        """Tell whether nobody else can have been told what became of this key's call.

        A process that could not say for long that it goes on has to stop: the answer may have been
        made by another one, in which nothing more is sent.
        """
        kept_at = self._kept_at.get(id(key))
        return kept_at is None or self._clock.boot() - kept_at < HOLD_S

    async def _keep(self, key: IdempotencyKey) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            began = self._clock.boot()
            with suppress(Exception):  # whatever it is, the next beat may do better
                await self._keys.keep([key])
                self._kept_at[id(key)] = began

    async def _written(self, request: Request) -> dict[Phone, Message]:
        found: dict[Phone, Message] = {}
        after: UUID | None = None
        while page := await self._repository.of_request(request, after=after, limit=PAGE):
            found |= {stored.message.recipient: stored.message for stored in page}
            after = page[-1].message.id
        return found


def _as_told(request: Request, planned: Message, written: Message | None) -> Message:
    if written is None:
        return replace(planned, status=MessageStatus.FAILED, failure=STOPPING)
    if request.background and written.status is not MessageStatus.BLOCKED:
        # Who does not wait is told what was taken in, not what has become of it since.
        return replace(written, failure=None)
    if written.status is MessageStatus.SENDING:
        raise RequestRunningError(RUNNING)
    return written
