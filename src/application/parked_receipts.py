"""Receipts that wait: for their message, for the provider's confirmation, or to be seen to."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from application.consent import Consent
from application.loops import attempt, for_ever
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
FOREIGN_S = 21_600.0
"""So long a weak one waits for its message: most are other systems', and ours are asked about."""
_log = logging.getLogger(__name__)


class ParkedReceipts:
    """Tries again, at growing intervals, and throws away what never came to count."""

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
        self._asking: dict[str, asyncio.Task[float]] = {}

    async def run(self) -> None:
        """Go on until cancelled: what is cut off is tried again."""
        try:
            await for_ever(self._round, "parked receipts")
        finally:
            for task in self._asking.values():
                task.cancel()
            await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _round(self) -> float:
        due = await self._log.claim(AT_ONCE, LEASE_S)
        weak = [parked for parked in due if self._to_be_confirmed(parked)]
        strong = [parked for parked in due if not self._to_be_confirmed(parked)]
        await _each(
            *(self._apply(parked, parked.receipt) for parked in strong),
            *(self._have_confirmed(code, of_it) for code, of_it in _by_provider(weak)),
        )
        return EVERY_S if len(due) < AT_ONCE else 0.0

    async def _have_confirmed(self, code: str, weak: Sequence[Parked]) -> None:
        """Begin to ask a provider: one that is slow is not waited for, and not asked meanwhile."""
        running = self._asking.get(code)
        if running is not None and not running.done():
            await _each(*(self._later(parked, EVERY_S) for parked in weak))
            return
        asking = attempt(partial(self._ask, code, weak), f"confirming receipts of {code}")
        self._asking[code] = asyncio.create_task(asking)

    async def _ask(self, code: str, weak: Sequence[Parked]) -> float:
        size = self._sources[code].batch
        batches = [weak[start : start + size] for start in range(0, len(weak), size)]
        await _each(*map(self._confirm, batches))
        return 0.0

    def _to_be_confirmed(self, parked: Parked) -> bool:
        receipt, message = parked.receipt, parked.message
        if not receipt.weak or receipt.provider not in self._sources or message is None:
            return False
        if message.status is MessageStatus.SENDING:
            return False
        return receipt.opted_out or receipt.applied_to(message) is not message

    async def _confirm(self, batch: Sequence[Parked]) -> None:
        """Ask the provider about the messages of weak receipts, when there is room at its rate."""
        code = batch[0].receipt.provider
        start_in_s = await self._states.reserve(
            questions(code), cost=1, spacing_s=SPACING_S, patience_s=EVERY_S
        )
        if start_in_s is None:
            await _each(*(self._later(parked, EVERY_S) for parked in batch))
            return
        await asyncio.sleep(start_in_s)
        lookups = await ask(self._sources[code], [_asked_about(parked) for parked in batch])
        if seconds := away_s(lookups):
            await self._states.pause(questions(code), seconds)
        await _each(*map(self._conclude, batch, lookups))

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
        if fate is Fate.PARKED and self._is_given_up(parked):
            await self._drop(parked)

    async def _later(self, parked: Parked, wait_s: float) -> None:
        if self._is_given_up(parked):
            await self._drop(parked)
        else:
            await self._log.put_off(parked, wait_s)

    async def _drop(self, parked: Parked) -> None:
        receipt = parked.receipt
        why = "nobody knows its message" if parked.message is None else "it was never confirmed"
        name = mask_numbers(str(receipt.message_id or receipt.provider_id))
        _log.warning("a receipt of %s about %s is thrown away: %s", receipt.provider, name, why)
        await self._log.drop(parked)

    def _is_given_up(self, parked: Parked) -> bool:
        foreign = parked.receipt.weak and parked.message is None
        return self._age_s(parked) >= (FOREIGN_S if foreign else GIVE_UP_S)

    def _wait_s(self, parked: Parked) -> float:
        return max(FIRST_WAIT_S, min(self._age_s(parked), LONGEST_S))

    def _age_s(self, parked: Parked) -> float:
        return (self._clock.now() - parked.receipt.at).total_seconds()


async def _each(*doing: Coroutine[Any, Any, None]) -> None:
    """Do all of it, and only then raise what went wrong."""
    done = await asyncio.gather(*doing, return_exceptions=True)
    for error in done:
        if error is not None:
            raise error


def _by_provider(weak: Sequence[Parked]) -> Iterable[tuple[str, Sequence[Parked]]]:
    found: dict[str, list[Parked]] = {}
    for parked in weak:
        found.setdefault(parked.receipt.provider, []).append(parked)
    return found.items()


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
