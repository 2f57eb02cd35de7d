"""Circuit breakers: nobody keeps calling a provider that does not answer.

The states are shared by all processes and survive a restart; the judgement is every process's own.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping

from application.errors import StorageUnavailableError
from application.ports.provider_states import ProviderState, ProviderStates
from application.ports.system import Clock
from domain.outcome import (
    Accepted,
    Rejected,
    SubmitOutcome,
    Unavailable,
    UnavailableKind,
)

SAMPLE = 20
MIN_SAMPLE = 10
SAMPLE_AGE_S = 60.0
FAILED_SHARE = 0.5
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 300.0
THROTTLED_S = 5.0
"""How long to stay away where a provider throttles and does not say for how long."""
_PARKED = frozenset({UnavailableKind.NO_MONEY, UnavailableKind.CREDENTIALS})
"""One such answer is enough: the next message would get the same."""
_UNTROUBLED = ProviderState()
_log = logging.getLogger(__name__)


class Breakers:
    """The circuit of every provider, as this process sees it."""

    def __init__(self, states: ProviderStates, clock: Clock) -> None:
        self._states = states
        self._clock = clock
        self._known: Mapping[str, ProviderState] = {}
        self._known_at = 0.0
        self._opened_at: dict[str, float] = {}
        self._samples: dict[str, deque[tuple[float, bool]]] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def refresh(self) -> None:
        """Learn what other processes have found."""
        self._known = await self._states.read()
        if over := [code for code, state in self._known.items() if state.hold_over]:
            for provider in over:
                await self._states.restore(provider)
            self._known = await self._states.read()
        self._known_at = self._clock.monotonic()
        open_now = self.open()
        self._opened_at = {code: self._opened_at.get(code, self._known_at) for code in open_now}

    def state(self, provider: str) -> ProviderState:
        """Return what was known at the latest refresh."""
        return self._known.get(provider, _UNTROUBLED)

    def paused_s(self, provider: str) -> float:
        """Return for how many seconds a provider wants to be left alone."""
        paused_s = self.state(provider).paused_s
        return max(0.0, paused_s - (self._clock.monotonic() - self._known_at)) if paused_s else 0.0

    def open(self) -> frozenset[str]:
        """Return the providers whose circuit is open."""
        return frozenset(code for code, state in self._known.items() if state.open)

    async def may_probe(self, provider: str, seconds: float) -> bool:
        """Ask for the right to try a provider whose circuit is open; one process gets it."""
        if not self.state(provider).open or self._waits(provider):
            return False
        return await self._states.probe(provider, seconds)

    def tell(self, provider: str, outcome: SubmitOutcome, *, started: float, probe: bool) -> None:
        """Have ``observe`` draw the conclusions, and wait for nothing."""
        if isinstance(outcome, Accepted | Rejected) and not self.state(provider).open:
            self._sample(provider, failed=False)
            return
        task = asyncio.create_task(self.observe(provider, outcome, started=started, probe=probe))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def observe(
        self, provider: str, outcome: SubmitOutcome, *, started: float, probe: bool = False
    ) -> None:
        """Draw the conclusions from what a submission came to.

        Never raises: the message matters more, and the next outcome tells the same.

        Args:
            provider: its code.
            outcome: what the submission came to.
            started: when it began, by the clock's ``monotonic``.
            probe: it was made to try an open circuit.
        """
        try:
            if isinstance(outcome, Accepted | Rejected):
                await self._well(provider, started)
            elif not isinstance(outcome, Unavailable):
                await self._badly(provider, outcome, probe=probe)
            elif outcome.kind is UnavailableKind.THROTTLED:
                await self._pause(provider, outcome.retry_after_s or THROTTLED_S)
            elif outcome.kind is not UnavailableKind.CONFIGURATION or probe:
                # A sender the account may not use says nothing about other messages.
                await self._badly(provider, outcome, probe=probe)
        except StorageUnavailableError as error:
            _log.warning("state of %s not written: %s", provider, error)

    async def _well(self, provider: str, started: float) -> None:
        self._sample(provider, failed=False)
        # What was handed over before the circuit opened says nothing about how things are now.
        state = self.state(provider)
        if state.open and not state.held and started >= self._opened_at.get(provider, 0.0):
            await self._restore(provider)

    async def _badly(self, provider: str, outcome: SubmitOutcome, *, probe: bool) -> None:
        parked = isinstance(outcome, Unavailable) and outcome.kind in _PARKED
        reason = outcome.kind if isinstance(outcome, Unavailable) and parked else "it fails"
        if probe or ((self._sample(provider, failed=True) or parked) and not self._waits(provider)):
            await self._trip(provider, reason)

    def _waits(self, provider: str) -> bool:
        """Tell whether the circuit is open, and not to be tried yet."""
        retry_s = self.state(provider).retry_s
        return retry_s is not None and retry_s > self._clock.monotonic() - self._known_at

    def _sample(self, provider: str, *, failed: bool) -> bool:
        """Note an outcome; tell whether too many of the latest ones were bad."""
        now = self._clock.monotonic()
        sample = self._samples.setdefault(provider, deque(maxlen=SAMPLE))
        sample.append((now, failed))
        if not failed:
            return False
        recent = [bad for at, bad in sample if at > now - SAMPLE_AGE_S]
        return len(recent) >= MIN_SAMPLE and sum(recent) >= FAILED_SHARE * len(recent)

    async def _pause(self, provider: str, seconds: float) -> None:
        if self.paused_s(provider) < seconds - 1:
            await self._states.pause(provider, seconds)
            await self.refresh()
            _log.warning("%s asks to be left alone for %.0f s", provider, seconds)

    async def _trip(self, provider: str, reason: str) -> None:
        seconds = min(FIRST_PAUSE_S * 2 ** min(self.state(provider).trips, 10), LONGEST_PAUSE_S)
        await self._states.trip(provider, seconds, reason)
        self._samples.pop(provider, None)
        await self.refresh()
        _log.error("circuit of %s open: %s; trying again in %.0f s", provider, reason, seconds)

    async def _restore(self, provider: str) -> None:
        await self._states.restore(provider)
        self._samples.pop(provider, None)
        await self.refresh()
        _log.warning("circuit of %s closed: it takes messages again", provider)
