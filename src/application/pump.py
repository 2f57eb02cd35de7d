"""How messages leave that nobody waits for: claimed when due, handed over, settled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from application.attempts import LEASE_MARGIN_S, START_WITHIN_S, Answer, Attempts
from application.breaker import Breakers
from application.consent import NOBODY, Consent, Refusals
from application.loops import attempt
from application.ports.outbox import Claimed, ClaimRequest, Outbox, Settlement
from application.ports.system import Clock
from application.ports.telemetry import SILENT, Telemetry
from application.retry import Retry
from application.routing import Carrier
from application.send_report import EXPIRED
from application.settler import Settler
from application.upkeep import Upkeep
from domain.event import Event, EventName
from domain.message import Failure, Message, MessageStatus
from domain.outcome import Unavailable
from domain.terms import Priority

POLL_S = 1.0
"""How often the queue is looked at when nobody rings: the net under the bell."""
MAX_CLAIM = 50
"""So many rows are claimed in a few milliseconds; whoever else writes waits no longer than that."""
HORIZON_S = 0.2
PATIENCE_WITH_BULK = 10
"""Every so many claims the lanes change places, so that none is starved for ever."""
_URGENT_FIRST = tuple(Priority)
_BULK_FIRST = tuple(reversed(Priority))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every pump works with."""

    outbox: Outbox
    consent: Consent
    attempts: Attempts
    settler: Settler
    breakers: Breakers
    retry: Retry
    upkeep: Upkeep
    clock: Clock
    telemetry: Telemetry = SILENT


class Pump:
    """One provider's messages, from the queue to the provider."""

    def __init__(self, carrier: Carrier, tools: Tools) -> None:
        self._carrier = carrier
        self._tools = tools
        self._lease_s = carrier.timeout_s + LEASE_MARGIN_S
        self._claims = 0
        self._unused = 0
        self._stopping = False
        self._round: asyncio.Task[float] | None = None
        self._deliveries: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._running = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Claim no more; what was claimed and not begun goes back to the queue."""
        self._stopping = True
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        """Wait for what is under way."""
        self.stop()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
        if self._round is not None:
            await asyncio.gather(self._round, return_exceptions=True)
        await asyncio.gather(*self._deliveries, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_at = 0.0
        while not self._stopping:
            if not await self._is_time(next_at - loop.time()):
                continue
            await self._carrier.places.take(self._tools.upkeep.urgency(self._carrier.code))
            # Stopped in the middle of it, claimed messages would have nobody to send them.
            self._round = asyncio.create_task(self._serve())
            next_at = loop.time() + await asyncio.shield(self._round)

    async def _is_time(self, wait_s: float) -> bool:
        """Wait, though not for long; tell whether there is something to claim by then."""
        if wait_s <= 0:
            return True
        code = self._carrier.code
        rung = await self._tools.outbox.wait_ready(code, min(wait_s, POLL_S))
        return rung or wait_s <= POLL_S or self._tools.upkeep.waiting(code)

    async def _serve(self) -> float:
        """Claim what there are places for, and begin to send it; return when to look again."""
        places = self._carrier.places
        self._unused = 1 + places.take_free(MAX_CLAIM - 1)
        wait_s = await attempt(self._claim, f"sending through {self._carrier.code}")
        places.free(self._unused)
        return wait_s

    async def _claim(self) -> float:
        """Begin to send what can be claimed; return when it is worth asking again."""
        deadline = self._tools.clock.boot() + START_WITHIN_S
        probe = False
        if self._tools.breakers.state(self._carrier.code).open:
            probe = await self._may_probe()
            if not probe:
                return POLL_S
        claim = await self._tools.outbox.claim(self._want(probe=probe))
        refusals = await self._refusals(claim.claimed)
        for claimed in claim.claimed:
            refusal = _refusal(claimed.message, refusals)
            delivery = self._deliver(claimed, deadline, refusal, probe=probe)
            task = asyncio.create_task(delivery)
            self._unused -= 1
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)
        return inf if claim.wait_s is None else claim.wait_s

    async def _may_probe(self) -> bool:
        """Ask for the right to try an open circuit, where there is something to try it with."""
        code = self._carrier.code
        waiting = self._tools.upkeep.waiting(code)
        return waiting and await self._tools.breakers.may_probe(code, self._lease_s)

    def _want(self, *, probe: bool) -> ClaimRequest:
        self._claims += 1
        bulk_first = self._claims % PATIENCE_WITH_BULK == 0
        return ClaimRequest(
            provider=self._carrier.code,
            limit=self._unused,
            lease_s=self._lease_s,
            spacing_s=self._carrier.spacing_s,
            horizon_s=HORIZON_S,
            lanes=_BULK_FIRST if bulk_first else _URGENT_FIRST,
            probe=probe,
        )

    async def _refusals(self, claims: Sequence[Claimed]) -> Refusals:
        """Ask again: somebody may have opted out while the messages waited."""
        phones = [c.message.recipient for c in claims if not c.message.terms.force]
        if not phones:
            return NOBODY
        try:
            return await self._tools.consent.refusals(phones, self._carrier.code)
        except Exception:
            await self._put_back(claims)
            raise

    async def _put_back(self, claims: Sequence[Claimed]) -> None:
        """Undo a claim; nobody has heard of these messages."""
        try:
            await self._tools.outbox.release([claimed.lease for claimed in claims])
        except Exception:  # noqa: BLE001 - whatever it is, they must not be taken for sent
            for claimed in claims:
                message = claimed.message.put_back(self._tools.clock.now())
                self._tools.settler.settle_later(Settlement(message, claimed.lease, ()))

    async def _deliver(
        self, claimed: Claimed, deadline: float, refusal: Failure | None, *, probe: bool
    ) -> None:
        try:
            if claimed.start_in_s > 0:
                await asyncio.sleep(claimed.start_in_s)
            if self._stopping or not self._tools.attempts.may_begin(deadline):
                await self._put_back([claimed])
                return
            settlement = self._not_sent(claimed, refusal)
            if settlement is None:
                answer = await self._tools.attempts.make(
                    claimed.message, claimed.lease, self._carrier, deadline=deadline, probe=probe
                )
                settlement = self._settlement(claimed, answer)
        finally:
            self._carrier.places.free(1)
        await self._tools.settler.settle(settlement)

    def _not_sent(self, claimed: Claimed, refusal: Failure | None) -> Settlement | None:
        """End a message that must not be sent any more."""
        now = self._tools.clock.now()
        if refusal is not None:
            return self._ended(claimed, MessageStatus.BLOCKED, refusal)
        if claimed.message.expired(now):
            return self._ended(claimed, MessageStatus.EXPIRED, EXPIRED)
        return None

    def _ended(self, claimed: Claimed, status: MessageStatus, failure: Failure) -> Settlement:
        now = self._tools.clock.now()
        message = claimed.message.put_back(now).unsent(status, now, failure)
        event = Event(at=now, name=EventName(message.status), text=failure.text)
        return Settlement(message, claimed.lease, (event,))

    def _settlement(self, claimed: Claimed, answer: Answer) -> Settlement:
        if not isinstance(answer.outcome, Unavailable):
            return self._tools.attempts.final(claimed.message, claimed.lease, answer)
        message, wait_s = self._tools.retry.after(claimed.message, answer.outcome, answer.at)
        if message.status is MessageStatus.QUEUED:
            event = answer.event(EventName.DEFERRED, _then(message, wait_s))
            self._tools.telemetry.retried(answer.provider, answer.outcome.kind)
        else:
            event = answer.event(EventName(message.status), "it was tried often enough")
        return Settlement(message, claimed.lease, (event,), wait_s=wait_s)


def _refusal(message: Message, refusals: Refusals) -> Failure | None:
    if message.terms.force:
        return None
    return refusals.of(message.recipient, message.channel, message.sender)


def _then(message: Message, wait_s: float) -> str:
    when = f"in {wait_s:.0f} s" if wait_s else "at once"
    return f"it is tried again with {message.provider} {when}"
