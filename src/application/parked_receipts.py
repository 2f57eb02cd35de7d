"""Receipts that wait: for their message, for the provider's confirmation, or to be seen to."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from application.consent import Consent
from application.loops import for_ever
from application.ports.provider_states import ProviderStates
from application.ports.providers import ReceiptSource
from application.ports.receipts import Fate, Parked, ReceiptLog
from application.ports.system import Clock
from application.receipt_questions import GIVE_UP_S, SPACING_S, ask, away_s, questions
from application.receipts import FIRST_WAIT_S
from domain.lookup import Found, Lookup
from domain.message import Message, MessageStatus
from domain.phone import mask_numbers
from domain.receipt import Receipt

EVERY_S = 1.0
AT_ONCE = 200
LEASE_S = 60.0
"""Who takes longer over a question has it asked twice; that does no harm."""
LONGEST_S = 3600.0
_log = logging.getLogger(__name__)


class ParkedReceipts:
    """Tries again, at growing intervals, and throws away what nobody knows after three days."""

    def __init__(
        self,
        log: ReceiptLog,
        sources: Mapping[str, ReceiptSource],
        states: ProviderStates,
        consent: Consent,
        clock: Clock,
    ) -> None:
        """Work through ports.

        Args:
            log: where they wait.
            sources: confirm weak ones, by the provider's code.
            states: keep the rate of questions.
            consent: hears who wants nothing more.
            clock: what the time is.
        """
        self._log = log
        self._sources = sources
        self._states = states
        self._consent = consent
        self._clock = clock

    async def run(self) -> None:
        """Go on until cancelled: what is cut off is tried again."""
        await for_ever(self._round, "parked receipts")

    async def _round(self) -> float:
        due = await self._log.claim(AT_ONCE, LEASE_S)
        weak = [parked for parked in due if self._to_be_confirmed(parked)]
        strong = [parked for parked in due if not self._to_be_confirmed(parked)]
        done = await asyncio.gather(
            *(self._apply(parked, parked.receipt) for parked in strong),
            *(self._confirm(batch) for batch in self._batches(weak)),
            return_exceptions=True,
        )
        for error in done:  # every one has been seen to; the round as a whole has failed
            if error is not None:
                raise error
        return EVERY_S if len(due) < AT_ONCE else 0.0

    def _to_be_confirmed(self, parked: Parked) -> bool:
        receipt, message = parked.receipt, parked.message
        if not receipt.weak or receipt.provider not in self._sources or message is None:
            return False
        if message.status is MessageStatus.SENDING:
            return False
        return receipt.opted_out or receipt.applied_to(message) is not message

    def _batches(self, weak: Sequence[Parked]) -> list[Sequence[Parked]]:
        """Sort weak receipts into questions."""
        batches: list[Sequence[Parked]] = []
        for code in {parked.receipt.provider for parked in weak}:
            of_it = [parked for parked in weak if parked.receipt.provider == code]
            size = self._sources[code].batch
            batches += [of_it[start : start + size] for start in range(0, len(of_it), size)]
        return batches

    async def _confirm(self, batch: Sequence[Parked]) -> None:
        """Ask the provider about the messages of weak receipts, when there is room at its rate."""
        code = batch[0].receipt.provider
        start_in_s = await self._states.reserve(
            questions(code), cost=1, spacing_s=SPACING_S, patience_s=EVERY_S
        )
        if start_in_s is None:
            await asyncio.gather(*(self._later(parked, EVERY_S) for parked in batch))
            return
        await asyncio.sleep(start_in_s)
        lookups = await ask(self._sources[code], [_asked_about(parked) for parked in batch])
        if seconds := away_s(lookups):
            await self._states.pause(questions(code), seconds)
        await asyncio.gather(*map(self._conclude, batch, lookups))

    async def _conclude(self, parked: Parked, lookup: Lookup) -> None:
        receipt = parked.receipt
        if not isinstance(lookup, Found) or _lags_behind(lookup, receipt):
            await self._later(parked, self._wait_s(parked))
            return
        confirmed = replace(
            receipt,
            status=lookup.status,
            provider_id=_asked_about(parked).provider_id,
            provider_code=lookup.provider_code or receipt.provider_code,
            text=lookup.text or receipt.text,
            weak=False,
        )
        await self._apply(parked, confirmed)

    async def _apply(self, parked: Parked, receipt: Receipt) -> None:
        if receipt.opted_out and not receipt.weak and parked.message is not None:
            await self._consent.refused(_refused(parked.message, receipt))
            receipt = replace(receipt, opted_out=False)
        fate = await self._log.settle(parked, receipt, self._wait_s(parked))
        if fate is Fate.PARKED and self._age_s(parked) >= GIVE_UP_S:
            await self._drop(parked)

    async def _later(self, parked: Parked, wait_s: float) -> None:
        if self._age_s(parked) >= GIVE_UP_S:
            await self._drop(parked)
        else:
            await self._log.put_off(parked, wait_s)

    async def _drop(self, parked: Parked) -> None:
        receipt = parked.receipt
        why = "nobody knows its message" if parked.message is None else "it was never confirmed"
        name = mask_numbers(str(receipt.message_id or receipt.provider_id))
        _log.warning("a receipt of %s about %s is thrown away: %s", receipt.provider, name, why)
        await self._log.drop(parked)

    def _wait_s(self, parked: Parked) -> float:
        return max(FIRST_WAIT_S, min(self._age_s(parked), LONGEST_S))

    def _age_s(self, parked: Parked) -> float:
        return (self._clock.now() - parked.receipt.at).total_seconds()


def _refused(message: Message, receipt: Receipt) -> Message:
    """Return the message as the provider refused it."""
    return replace(
        message, provider=receipt.provider, updated_at=receipt.at, failure=receipt.failure
    )


def _asked_about(parked: Parked) -> Message:
    """Return the message as the provider that spoke of it knows it."""
    receipt, message = parked.receipt, parked.message
    if message is None:
        raise ValueError("nobody asks about a message nobody knows")
    known = message.provider_id if message.provider == receipt.provider else None
    return replace(message, provider=receipt.provider, provider_id=known or receipt.provider_id)


def _lags_behind(found: Found, receipt: Receipt) -> bool:
    """Tell whether the provider does not know yet, when it is asked, what it said by itself."""
    return found.status is MessageStatus.SUBMITTED and receipt.status is not found.status
