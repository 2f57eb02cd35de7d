"""How one message leaves: written, handed over, settled, in this order on every path."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from application.ports.outbox import Lease, NewMessage, Outbox, Settlement
from application.ports.system import Clock, Ids
from application.routing import Carrier
from domain.event import Event, EventName
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome
from domain.request import Request
from domain.segments import Segments

LEASE_MARGIN_S = 30.0
"""A lease outlives the longest submission by this much."""
PATIENCE_S = 2.0
"""A caller waits this long for a settlement; one who gives up first would send again."""
SETTLE_DELAYS_S = (0.5, 2.0, 5.0, 15.0, 30.0)
LAST_CHANCE_S = 5.0

_log = logging.getLogger(__name__)


class Dispatcher:
    """Sends messages, one attempt each."""

    def __init__(self, outbox: Outbox, clock: Clock, ids: Ids) -> None:
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._unsettled: set[asyncio.Task[None]] = set()

    async def send(
        self,
        message: Message,
        segments: Segments,
        carrier: Carrier,
        request: Request | None = None,
    ) -> Message:
        """Write the message as ``sending``, hand it over, settle it; return it settled.

        It is written only when the carrier has a free place, so that a process that dies leaves
        no message in doubt that had not been started.

        Raises:
            StorageUnavailableError: it could not be written, and was not sent.
        """
        async with carrier.slots:
            sending = message.started(self._clock.now())
            lease = self._lease(sending, carrier)
            await self._outbox.accept([NewMessage(sending, segments, lease)], request)
            started = self._clock.monotonic()
            outcome = await carrier.submit(sending)
            duration_ms = round((self._clock.monotonic() - started) * 1000)
        settled = sending.after(outcome, self._clock.now())
        events = _events(settled, outcome, duration_ms)
        await self._settle(Settlement(settled, lease, events))
        return settled

    def _lease(self, message: Message, carrier: Carrier) -> Lease:
        until = message.updated_at + timedelta(seconds=carrier.timeout_s + LEASE_MARGIN_S)
        return Lease(message.id, self._ids.new(), until)

    async def close(self) -> None:
        """Give settlements that could not be written a last chance."""
        if self._unsettled:
            await asyncio.wait(self._unsettled, timeout=LAST_CHANCE_S)
        for task in self._unsettled:
            task.cancel()

    async def _settle(self, settlement: Settlement) -> None:
        """Settle, and let the caller go when that fails: the provider has already acted.

        Whatever happens here, the outcome is the answer. An error would be taken for "not sent".
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._settle_once(settlement)
        except Exception:  # noqa: BLE001 - see above; it is tried again and logged
            task = asyncio.create_task(self._settle_later(settlement))
            self._unsettled.add(task)
            task.add_done_callback(self._unsettled.discard)

    async def _settle_once(self, settlement: Settlement) -> None:
        if not await self._outbox.settle(settlement):
            _log.warning("settlement fenced: message %s", settlement.message.id)

    async def _settle_later(self, settlement: Settlement) -> None:
        """Try again for about a minute; after that the message stays ``sending``: the truth."""
        for delay_s in SETTLE_DELAYS_S:
            await asyncio.sleep(delay_s)
            with suppress(Exception):  # whatever it is, nobody is left to hear of it
                await self._settle_once(settlement)
                return
        _log.error("not settled: message %s", settlement.message.id)


def _events(message: Message, outcome: SubmitOutcome, duration_ms: int) -> tuple[Event, ...]:
    name = EventName.SUBMITTED if isinstance(outcome, Accepted) else EventName(message.status)
    answered = Event(
        at=message.updated_at,
        name=name,
        provider=message.provider,
        provider_code=None if isinstance(outcome, Accepted) else outcome.provider_code,
        text="" if isinstance(outcome, Accepted) else outcome.text,
        duration_ms=duration_ms,
    )
    if not (isinstance(outcome, Accepted) and outcome.delivered):
        return (answered,)
    arrived = Event(at=message.updated_at, name=EventName.DELIVERED, provider=message.provider)
    return (answered, arrived)
