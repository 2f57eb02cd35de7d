"""How one message leaves: written, handed over, settled, in this order on every path."""

import asyncio
import logging
from datetime import timedelta

from application.errors import StorageUnavailableError
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
SETTLE_DELAYS_S = (0.1, 0.5, 2.0, 5.0)

_log = logging.getLogger(__name__)


class Dispatcher:
    """Sends messages, one attempt each."""

    def __init__(self, outbox: Outbox, clock: Clock, ids: Ids) -> None:
        self._outbox = outbox
        self._clock = clock
        self._ids = ids

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

    async def _settle(self, settlement: Settlement) -> None:
        """Settle, and try again while the database is away: the provider has already acted.

        When it stays away the message stays ``sending``, which is the truth, and the caller gets
        the outcome all the same.
        """
        for delay_s in (*SETTLE_DELAYS_S, None):
            try:
                if not await self._outbox.settle(settlement):
                    _log.warning("settlement fenced: message %s", settlement.message.id)
            except StorageUnavailableError:
                if delay_s is None:
                    _log.exception("not settled: message %s", settlement.message.id)
                else:
                    await asyncio.sleep(delay_s)
            else:
                return


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
