"""Messages no receipt came for: their provider is asked, less and less often."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from application.attempts import LEASE_MARGIN_S
from application.loops import for_ever
from application.ports.outbox import Claimed, ClaimRequest, Outbox, Settlement
from application.ports.provider_states import ProviderStates
from application.ports.providers import ReceiptSource
from application.ports.receipts import ReceiptLog
from application.ports.system import Clock
from application.receipt_questions import GIVE_UP_S, SPACING_S, ask, away_s, questions
from application.routing import Carrier
from domain.lookup import Found, Lookup, NoAnswer
from domain.message import Message, MessageStatus
from domain.receipt import Receipt

EVERY_S = 1.0
AT_ONCE = 5
"""Questions under way; the rate has no room for more."""
LONGEST_S = 3600.0


def next_wait_s(age_s: float, interval_s: float) -> float | None:
    """Return how long until a provider is asked again; ``None`` is never.

    Args:
        age_s: seconds since the submission.
        interval_s: the shortest wait.
    """
    if age_s >= GIVE_UP_S:
        return None
    return max(interval_s, min(age_s, LONGEST_S))


class ReceiptPoll:
    """Asks one provider about the messages it took and says nothing of."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port
        self,
        carrier: Carrier,
        source: ReceiptSource,
        outbox: Outbox,
        states: ProviderStates,
        log: ReceiptLog,
        clock: Clock,
        *,
        interval_s: float,
    ) -> None:
        """Ask through ``source``.

        Args:
            carrier: the provider.
            source: asks it.
            outbox: knows of which messages nothing was heard.
            states: is told when the provider wants to be left alone.
            log: hears of who opted out.
            clock: what the time is.
            interval_s: how long a receipt is waited for first.
        """
        self._carrier = carrier
        self._source = source
        self._outbox = outbox
        self._states = states
        self._log = log
        self._clock = clock
        self._interval_s = interval_s

    async def run(self) -> None:
        """Go on until cancelled: a question that is cut off is asked again."""
        await for_ever(self._round, f"questions about receipts at {self._carrier.code}")

    async def _round(self) -> float:
        size = self._source.batch
        want = ClaimRequest(
            provider=self._carrier.code,
            limit=AT_ONCE * size,
            lease_s=self._carrier.timeout_s + LEASE_MARGIN_S,
            spacing_s=SPACING_S / size,
            horizon_s=EVERY_S,
        )
        silent = await self._outbox.claim_silent(want)
        batches = [silent[start : start + size] for start in range(0, len(silent), size)]
        asked = await asyncio.gather(*map(self._question, batches), return_exceptions=True)
        for error in asked:  # every one has been asked about; the round as a whole has failed
            if error is not None:
                raise error
        return EVERY_S if len(silent) < want.limit else 0.0

    async def _question(self, silent: Sequence[Claimed]) -> None:
        await asyncio.sleep(silent[0].start_in_s)
        lookups = await ask(self._source, [claimed.message for claimed in silent])
        if seconds := away_s(lookups):
            await self._states.pause(questions(self._carrier.code), seconds)
        for claimed, lookup in zip(silent, lookups, strict=True):
            if isinstance(lookup, Found) and lookup.opted_out:
                # Kept like one that was told: it is seen to whatever happens to this process.
                await self._log.record(Receipt.of(lookup, claimed.message, self._clock.now()))
        settlements = map(self._settlement, silent, lookups)
        await asyncio.gather(*map(self._outbox.settle, settlements))

    def _settlement(self, silent: Claimed, lookup: Lookup) -> Settlement:
        wait_s = self._wait_s(silent.message)
        if isinstance(lookup, Found):
            return self._found(silent, lookup, wait_s)
        if isinstance(lookup, NoAnswer) and wait_s is not None:
            wait_s = max(wait_s, lookup.retry_after_s or 0.0)
        return Settlement(silent.message, silent.lease, (), MessageStatus.SUBMITTED, wait_s)

    def _found(self, silent: Claimed, found: Found, wait_s: float | None) -> Settlement:
        receipt = Receipt.of(found, silent.message, self._clock.now())
        known = replace(silent.message, provider_id=receipt.provider_id)
        message = receipt.applied_to(known)
        events = () if message is known else (receipt.event(message.updated_at),)
        return Settlement(message, silent.lease, events, MessageStatus.SUBMITTED, wait_s)

    def _wait_s(self, message: Message) -> float | None:
        since = message.attempted_at or message.created_at
        return next_wait_s((self._clock.now() - since).total_seconds(), self._interval_s)
