"""One attempt: a message that is on disk as ``sending`` is handed over, once."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from application.breaker import Breakers
from application.defects import told
from application.ports.outbox import Lease, Settlement
from application.ports.system import Clock
from application.ports.telemetry import SILENT, Telemetry
from application.routing import Carrier
from application.settler import Settler
from domain.event import Event, EventName
from domain.message import Message, MessageStatus
from domain.outcome import (
    Accepted,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
    Unconfirmed,
)

LEASE_MARGIN_S = 15.0
"""A lease outlives the longest submission by this much."""
START_WITHIN_S = 10.0
"""A message is handed over so soon after it was leased, or not at all."""
_TOO_LATE = Unavailable(
    kind=UnavailableKind.TEMPORARY, text="The process was stopped for so long that its time ran out"
)
_STOPPING = Unavailable(kind=UnavailableKind.TEMPORARY, text="The service is stopping")
_CUT_OFF = Unconfirmed("The service stopped before the provider answered")
_DEFECT = Unconfirmed("The provider's answer was not understood")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attempt came to.

    Attributes:
        provider: who was asked.
        at: when it ended.
        duration_ms: how long the provider took.
    """

    provider: str
    outcome: SubmitOutcome
    at: datetime
    duration_ms: int

    def event(self, name: EventName, then: str = "") -> Event:
        """Return it as a line of a history, with what follows from it."""
        taken = isinstance(self.outcome, Accepted)
        text = "" if isinstance(self.outcome, Accepted) else self.outcome.text
        return Event(
            at=self.at,
            name=name,
            provider=self.provider,
            provider_code=None
            if isinstance(self.outcome, Accepted)
            else self.outcome.provider_code,
            text=text if taken or not then else f"{text}; {then}".removeprefix("; "),
            duration_ms=self.duration_ms,
        )


class Attempts:
    """Hands messages over and draws the conclusions that are the same on every path."""

    def __init__(  # noqa: PLR0913 - all that an attempt touches
        self,
        settler: Settler,
        breakers: Breakers,
        clock: Clock,
        *,
        first_lookup_s: float,
        first_poll_s: float,
        telemetry: Telemetry = SILENT,
    ) -> None:
        """Hand over through ports.

        Args:
            settler: writes what an attempt came to.
            breakers: hear of it.
            clock: what the time is.
            first_lookup_s: when the provider is asked about an unknown outcome.
            first_poll_s: when it is asked about a message no receipt came for.
            telemetry: hears how long it took.
        """
        self._settler = settler
        self._breakers = breakers
        self._clock = clock
        self._first_lookup_s = first_lookup_s
        self._first_poll_s = first_poll_s
        self._telemetry = telemetry
        self._under_way: set[asyncio.Task[object]] = set()
        self._cut = False

    def cut_off(self) -> None:
        """End every attempt that is under way, its outcome unknown, and begin no more."""
        self._cut = True
        for task in list(self._under_way):
            task.cancel()

    def may_begin(self, deadline: float) -> bool:
        """Tell whether there is time left to begin, by the clock's ``boot``."""
        return not self._cut and self._clock.boot() < deadline

    async def make(
        self, message: Message, lease: Lease, carrier: Carrier, *, deadline: float, probe: bool
    ) -> Answer:
        """Hand a message over; failures, too, come back as answers.

        Args:
            message: ``sending`` on disk.
            lease: on it.
            carrier: who takes it.
            deadline: by the clock's ``boot``; then somebody else may hold the lease.
            probe: it is made to try an open circuit.
        """
        started = self._clock.monotonic()
        if not self.may_begin(deadline):
            not_sent = _STOPPING if self._cut else _TOO_LATE
            return Answer(carrier.code, not_sent, self._clock.now(), 0)
        try:
            outcome = await self._submit(message, carrier)
        except asyncio.CancelledError:
            answer = Answer(carrier.code, _CUT_OFF, self._clock.now(), 0)
            self._settler.settle_later(self.final(message, lease, answer))
            raise
        duration_s = self._clock.monotonic() - started
        if outcome is not _CUT_OFF:
            self._breakers.tell(carrier.code, outcome, started=started, probe=probe)
            self._telemetry.submitted(message, outcome, duration_s)
        return Answer(carrier.code, outcome, self._clock.now(), round(duration_s * 1000))

    async def _submit(self, message: Message, carrier: Carrier) -> SubmitOutcome:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine that runs has a task
            raise RuntimeError("outside of a task")
        self._under_way.add(task)
        try:
            return await carrier.submit(message)
        except asyncio.CancelledError:
            if not self._cut:
                raise
            task.uncancel()
            return _CUT_OFF
        except Exception as error:  # noqa: BLE001 - whatever it was, the provider may have acted
            _log.error("%s", told(error, f" in {carrier.code}"))
            return _DEFECT
        finally:
            self._under_way.discard(task)

    def final(
        self, message: Message, lease: Lease, answer: Answer, before: tuple[Event, ...] = ()
    ) -> Settlement:
        """Return the settlement of an attempt that is not followed by another one.

        Args:
            message: ``sending``.
            lease: on it.
            answer: what the attempt came to.
            before: lines of its history that are not written yet.
        """
        settled = message.after(answer.outcome, answer.at)
        taken = settled.status is MessageStatus.SUBMITTED
        wait_s = self._first_poll_s if taken else self._first_lookup_s
        return Settlement(settled, lease, (*before, *_events(settled, answer)), wait_s=wait_s)


def _events(message: Message, answer: Answer) -> tuple[Event, ...]:
    if not isinstance(answer.outcome, Accepted):
        return (answer.event(EventName(message.status)),)
    answered = answer.event(EventName.SUBMITTED)
    if message.status is not MessageStatus.DELIVERED:
        return (answered,)
    return (answered, Event(at=answer.at, name=EventName.DELIVERED, provider=answer.provider))
