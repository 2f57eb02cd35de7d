"""How a message leaves whose caller waits: written, handed over, settled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.attempts import LEASE_MARGIN_S, START_WITHIN_S, Answer, Attempts
from application.breaker import Breakers
from application.errors import DuplicateKeyError, StorageUnavailableError
from application.ports.outbox import Lease, NewMessage, Outbox, Settlement
from application.ports.provider_states import ProviderStates
from application.ports.system import Clock, Ids
from application.routing import Carrier
from application.send_report import NOT_STORED
from application.settler import Settler
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Failure, Message, MessageStatus
from domain.outcome import Unavailable, UnavailableKind
from domain.request import Request
from domain.segments import Segments

SLOT_PATIENCE_S = 5.0
"""A caller waits this long for a slot at the provider's rate."""
_ANOTHER = Failure("deferred", "Another provider is tried.")
_NOT_WRITTEN = Unavailable(kind=UnavailableKind.TEMPORARY, text=NOT_STORED.text)
_NO_SLOT = Failure(UnavailableKind.THROTTLED, "The provider's rate is used up; nothing was sent.")


@dataclass(frozen=True, slots=True)
class _Turn:
    """A provider that is tried; ``probe`` where its circuit is open."""

    carrier: Carrier
    probe: bool = False


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
    history: tuple[Event, ...]
    held: _Held | None = None
    answer: Answer | None = None


class Dispatcher:
    """Sends messages whose callers wait: one attempt with each provider of the route, at most."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port, or what the other path uses, too
        self,
        outbox: Outbox,
        states: ProviderStates,
        attempts: Attempts,
        settler: Settler,
        breakers: Breakers,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._outbox = outbox
        self._states = states
        self._attempts = attempts
        self._settler = settler
        self._breakers = breakers
        self._clock = clock
        self._ids = ids

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
        turns, skipped = await self._turns(route)
        journey = _Journey(message, segments, request, key, skipped)
        try:
            for turn in turns:
                if await self._is_last(journey, turn):
                    break
        except asyncio.CancelledError:
            if journey.held is not None and journey.answer is not None:
                self._settler.settle_later(self._final(journey.held, journey.answer))
            raise
        if journey.held is None or journey.answer is None:
            return await self._refuse(journey)
        settlement = self._final(journey.held, journey.answer)
        await self._settler.settle(settlement)
        return settlement.message

    def _final(self, held: _Held, answer: Answer) -> Settlement:
        return self._attempts.final(held.message, held.lease, answer)

    async def _is_last(self, journey: _Journey, turn: _Turn) -> bool:
        """Try a carrier; tell whether no other one may be tried."""
        carrier = turn.carrier
        async with carrier.places.one(journey.message.terms.priority):
            if not await self._slot(carrier, journey):
                return False
            if journey.held is None or journey.answer is None:
                held = await self._accept(journey, carrier)
            elif (renewed := await self._renew(journey.held, journey.answer, carrier)) is None:
                return True
            else:
                held = renewed
            journey.held, journey.answer = held, None
            answer = journey.answer = await self._attempts.make(
                held.message, held.lease, carrier, deadline=held.deadline, probe=turn.probe
            )
        return not isinstance(answer.outcome, Unavailable)

    async def _turns(self, route: Sequence[Carrier]) -> tuple[list[_Turn], tuple[Event, ...]]:
        """Leave out who is in trouble; when all are, the order stands."""
        turns: list[_Turn] = []
        skipped: list[str] = []
        for carrier in route:
            state = self._breakers.state(carrier.code)
            if not state.open:
                turns.append(_Turn(carrier))
            elif await self._breakers.may_probe(carrier.code, carrier.timeout_s + LEASE_MARGIN_S):
                turns.append(_Turn(carrier, probe=True))
            else:
                skipped.append(f"{carrier.code} is left out: {state.reason}")
        if not turns:
            return [_Turn(carrier) for carrier in route], ()
        if not skipped:
            return turns, ()
        text = "; ".join(skipped)
        return turns, (Event(at=self._clock.now(), name=EventName.ROUTED, text=text),)

    async def _slot(self, carrier: Carrier, journey: _Journey) -> bool:
        """Wait for a slot at the provider's rate; False where that takes too long."""
        wait_s: float | None = self._breakers.paused_s(carrier.code)
        if carrier.spacing_s:
            try:
                wait_s = await self._states.reserve(
                    carrier.code,
                    cost=journey.segments.count,
                    spacing_s=carrier.spacing_s,
                    patience_s=SLOT_PATIENCE_S,
                )
            except StorageUnavailableError:
                if journey.held is None:
                    raise
                return False  # what the provider before said stands, and has to be told
        if wait_s is None or wait_s > SLOT_PATIENCE_S:
            return False
        if wait_s:
            await asyncio.sleep(wait_s)
        return True

    async def _accept(self, journey: _Journey, carrier: Carrier) -> _Held:
        held = self._hold(journey.message, carrier)
        new = NewMessage(held.message, journey.segments, held.lease, journey.history)
        try:
            await self._write(new, journey)
        except StorageUnavailableError:
            # It may have been written all the same: then it must not be taken for perhaps sent.
            lost = held.message.after(_NOT_WRITTEN, self._clock.now())
            self._settler.settle_later(Settlement(lost, held.lease, ()))
            raise
        return held

    async def _renew(self, held: _Held, answer: Answer, carrier: Carrier) -> _Held | None:
        """Write that another carrier is tried; ``None`` where that is not known to be written."""
        event = answer.event(EventName.DEFERRED, f"{carrier.code} is tried")
        waiting = held.message.deferred(answer.at, _ANOTHER, carrier.code)
        renewed = self._hold(waiting, carrier)
        step = Settlement(renewed.message, held.lease, (event,), renewed=renewed.lease)
        try:
            return renewed if await self._outbox.settle(step) else None
        except StorageUnavailableError:
            # It may have been written all the same: then this is the lease that counts.
            not_sent = self._attempts.final(renewed.message, renewed.lease, answer, (event,))
            self._settler.settle_later(not_sent)
            return None

    def _hold(self, message: Message, carrier: Carrier) -> _Held:
        sending = replace(message, provider=carrier.code).started(self._clock.now())
        lease = Lease(message.id, self._ids.new(), carrier.timeout_s + LEASE_MARGIN_S)
        return _Held(sending, lease, self._clock.boot() + START_WITHIN_S)

    async def _refuse(self, journey: _Journey) -> Message:
        """Write a message nobody had a slot for."""
        failed = journey.message.moved(MessageStatus.FAILED, self._clock.now(), _NO_SLOT)
        event = Event(at=failed.updated_at, name=EventName.FAILED, text=_NO_SLOT.text)
        history = (*journey.history, event)
        await self._write(NewMessage(failed, journey.segments, None, history), journey)
        return failed

    async def _write(self, new: NewMessage, journey: _Journey) -> None:
        if not await self._outbox.accept([new], journey.request, journey.key):
            raise DuplicateKeyError
