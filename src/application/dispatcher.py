"""How a message leaves whose caller waits: written, handed over, settled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.admission import Admission, Turn
from application.attempts import LEASE_MARGIN_S, START_WITHIN_S, Answer, Attempts
from application.errors import DuplicateKeyError, StorageUnavailableError
from application.ports.outbox import Lease, NewMessage, Outbox, Settlement
from application.ports.system import Clock, Ids
from application.ports.telemetry import SILENT, Telemetry
from application.routing import Carrier
from application.send_report import EXPIRED, NOT_STORED
from application.settler import Settler
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Failure, Message, MessageStatus
from domain.outcome import Unavailable, UnavailableKind
from domain.request import Request
from domain.segments import Segments

MAX_DOUBTFUL = 100
"""So many messages are watched, at most, whose writing was not confirmed."""
_S = MessageStatus
_ANOTHER = Failure("deferred", "Another provider is tried.")
_NOT_WRITTEN = Unavailable(kind=UnavailableKind.TEMPORARY, text=NOT_STORED.text)
_NO_SLOT = Failure(UnavailableKind.THROTTLED, "The provider's rate is used up; nothing was sent.")
_ON_HOLD = Failure(UnavailableKind.TEMPORARY, "The provider is paused here; nothing was sent.")


@dataclass(frozen=True, slots=True)
class _Held:
    """A message that is on disk as ``sending``, under a lease that ends at ``deadline``."""

    message: Message
    lease: Lease
    deadline: float


@dataclass(slots=True)
class _Journey:
    """A message on its way.

    Attributes:
        history: lines that are not on disk yet.
        held: once it is on disk.
        answer: of the latest attempt.
    """

    message: Message
    segments: Segments
    request: Request | None
    key: IdempotencyKey | None
    history: tuple[Event, ...] = ()
    held: _Held | None = None
    answer: Answer | None = None


class Dispatcher:
    """Sends messages whose callers wait: one attempt with each provider of the route, at most."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port, or what the other path uses, too
        self,
        outbox: Outbox,
        admission: Admission,
        attempts: Attempts,
        settler: Settler,
        clock: Clock,
        ids: Ids,
        telemetry: Telemetry = SILENT,
    ) -> None:
        self._outbox = outbox
        self._admission = admission
        self._attempts = attempts
        self._settler = settler
        self._clock = clock
        self._ids = ids
        self._telemetry = telemetry

    async def send(
        self,
        message: Message,
        segments: Segments,
        route: Sequence[Carrier],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> Message:
        """Write the message as ``sending``, hand it over, settle it; return it settled.

        It is written only when the carrier has a free place, so that a process that dies leaves
        no message in doubt that had not been started. The next carrier is tried only where the
        one before is proven not to have taken it.

        Raises:
            StorageUnavailableError: it could not be written, and was not sent.
            DuplicateKeyError: the key was used before; nothing was written or sent.
        """
        journey = _Journey(message, segments, request, key)
        try:
            for turn in self._admission.turns(route):
                if await self._is_last(journey, turn):
                    break
        except asyncio.CancelledError:
            if journey.held is not None and journey.answer is not None:
                self._settler.settle_later(self._final(journey, journey.held, journey.answer))
            raise
        if journey.held is None or journey.answer is None:
            return await self._give_up(journey, route)
        settlement = self._final(journey, journey.held, journey.answer)
        await self._settler.settle(settlement)
        return settlement.message

    async def _is_last(self, journey: _Journey, turn: Turn) -> bool:
        """Try a carrier; tell whether no other one may be tried."""
        refusal = await self._admission.refusal(turn)
        if refusal is not None:
            line = Event(at=self._clock.now(), name=EventName.ROUTED, text=refusal)
            journey.history = (*journey.history, line)
            return False
        carrier, priority = turn.carrier, journey.message.terms.priority
        if not await self._admission.place(carrier, priority, hurried=journey.held is not None):
            return True
        try:
            return await self._attempt(journey, carrier, probe=turn.barred)
        finally:
            carrier.places.free(1)

    async def _attempt(self, journey: _Journey, carrier: Carrier, *, probe: bool) -> bool:
        hurried = journey.held is not None
        if not await self._admission.slot(carrier, journey.segments, hurried=hurried):
            return False
        if journey.held is None or journey.answer is None:
            if journey.message.expired(self._clock.now()):
                return True
            held = await self._accept(journey, carrier)
        elif (renewed := await self._renew(journey, journey.held, journey.answer, carrier)) is None:
            return True
        else:
            held = renewed
        journey.held, journey.answer, journey.history = held, None, ()
        answer = journey.answer = await self._attempts.make(
            held.message, held.lease, carrier, deadline=held.deadline, probe=probe
        )
        return not isinstance(answer.outcome, Unavailable)

    def _final(self, journey: _Journey, held: _Held, answer: Answer) -> Settlement:
        return self._attempts.final(held.message, held.lease, answer, journey.history)

    async def _accept(self, journey: _Journey, carrier: Carrier) -> _Held:
        held = self._hold(journey.message, carrier)
        new = NewMessage(held.message, journey.segments, held.lease, journey.history)
        try:
            await self._write(new, journey)
        except StorageUnavailableError:
            # It may have been written all the same: then it must not be taken for perhaps sent.
            if self._settler.waiting < MAX_DOUBTFUL:
                lost = held.message.after(_NOT_WRITTEN, self._clock.now())
                self._settler.settle_later(Settlement(lost, held.lease, ()))
            raise
        return held

    async def _renew(
        self, journey: _Journey, held: _Held, answer: Answer, carrier: Carrier
    ) -> _Held | None:
        """Write that another carrier is tried; ``None`` where that is not known to be written."""
        event = answer.event(EventName.DEFERRED, f"{carrier.code} is tried")
        waiting = held.message.deferred(answer.at, _ANOTHER, carrier.code)
        renewed = self._hold(waiting, carrier)
        history = (*journey.history, event)
        step = Settlement(renewed.message, held.lease, history, renewed=renewed.lease)
        if isinstance(answer.outcome, Unavailable):
            self._telemetry.retried(answer.provider, answer.outcome.kind)
        try:
            return renewed if await self._outbox.settle(step) else None
        except StorageUnavailableError:
            # It may have been written all the same: then this is the lease that counts.
            not_sent = self._attempts.final(renewed.message, renewed.lease, answer, history)
            self._settler.settle_later(not_sent)
            return None

    def _hold(self, message: Message, carrier: Carrier) -> _Held:
        sending = replace(message, provider=carrier.code).started(self._clock.now())
        lease = Lease(message.id, self._ids.new(), carrier.timeout_s + LEASE_MARGIN_S)
        return _Held(sending, lease, self._clock.boot() + START_WITHIN_S)

    async def _give_up(self, journey: _Journey, route: Sequence[Carrier]) -> Message:
        """Write a message that nobody had a slot for, or that came too late for its slot."""
        now = self._clock.now()
        late = journey.message.expired(now)
        unsent = _ON_HOLD if self._admission.held(route) else _NO_SLOT
        status, failure = (_S.EXPIRED, EXPIRED) if late else (_S.FAILED, unsent)
        ended = journey.message.moved(status, now, failure)
        event = Event(at=now, name=EventName(status), text=failure.text)
        history = (*journey.history, event)
        await self._write(NewMessage(ended, journey.segments, None, history), journey)
        return ended

    async def _write(self, new: NewMessage, journey: _Journey) -> None:
        if not await self._outbox.accept([new], journey.request, journey.key):
            raise DuplicateKeyError
