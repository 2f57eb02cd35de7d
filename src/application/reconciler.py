"""What is done when nobody knows whether a message was sent: the provider is asked."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.attempts import LEASE_MARGIN_S
from application.defects import told
from application.loops import for_ever
from application.ports.outbox import Claimed, ClaimRequest, Outbox, Settlement
from application.ports.providers import ProviderLookup
from application.ports.receipts import ReceiptLog
from application.ports.repositories import MessageRepository
from application.ports.system import Clock
from application.receipt_questions import SPACING_S
from application.routing import Carrier
from domain.event import Event, EventName
from domain.lookup import Attempt, Found, Lookup, NoAnswer
from domain.message import Channel, Message, MessageStatus
from domain.receipt import Receipt
from domain.terms import OnUnknown

EVERY_S = 1.0
HORIZON_S = 2 * EVERY_S
"""Twice as far ahead as for receipts, which share the rate: however many are asked for, there is
always a slot for who wants to know whether a message went out at all."""
AT_ONCE = 10
GIVE_UP_S = 86_400.0
"""A provider that cannot be asked is asked for a day."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """When the provider is asked, in seconds after the outcome was lost; ascending."""

    delays_s: Sequence[float]
    poll_s: float = 30.0
    """How long a receipt is waited for once the message was found."""

    @property
    def first_s(self) -> float:
        """How long until it is asked first."""
        return self.delays_s[0]

    def wait_s(self, lookups: int) -> float | None:
        """Return how long to wait after so many questions; ``None`` after the last."""
        if lookups >= len(self.delays_s):
            return None
        return self.delays_s[lookups] - self.delays_s[lookups - 1]

    @property
    def longest_s(self) -> float:
        """Return the longest wait between two questions."""
        earlier = (0.0, *self.delays_s)
        return max(b - a for a, b in zip(earlier, self.delays_s, strict=False))


class Reconciler:
    """Asks one provider about its messages in doubt, and applies the caller's wish at the end."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port
        self,
        carrier: Carrier,
        lookup: ProviderLookup,
        outbox: Outbox,
        messages: MessageRepository,
        receipts: ReceiptLog,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._carrier = carrier
        self._lookup = lookup
        self._outbox = outbox
        self._messages = messages
        self._receipts = receipts
        self._clock = clock
        self._patience = patience

    async def run(self) -> None:
        """Go on until cancelled: a question that is cut off is asked again."""
        await for_ever(self._round, f"look-ups at {self._carrier.code}")

    async def _round(self) -> float:
        want = ClaimRequest(
            provider=self._carrier.code,
            limit=AT_ONCE,
            lease_s=self._carrier.timeout_s + LEASE_MARGIN_S,
            spacing_s=SPACING_S,
            horizon_s=HORIZON_S,
        )
        doubts = await self._outbox.claim_doubts(want)
        asked = await asyncio.gather(
            *(self._resolve(doubt) for doubt in doubts), return_exceptions=True
        )
        for error in asked:  # every one has been asked about; the round as a whole has failed
            if error is not None:
                raise error
        return EVERY_S if len(doubts) < AT_ONCE else 0.0

    async def _resolve(self, doubt: Claimed) -> None:
        if doubt.start_in_s > 0:
            await asyncio.sleep(doubt.start_in_s)
        message = doubt.message
        taken_ids = await self._messages.taken_ids(message)
        started_at = message.attempted_at or message.created_at
        attempt = Attempt(message=message, started_at=started_at, taken_ids=taken_ids)
        try:
            found = await self._lookup.find(attempt)
        except Exception as error:  # noqa: BLE001 - a defect in one answer; the next one may be read
            _log.error("%s", told(error, " in a look-up"))
            found = NoAnswer("the provider's answer was not understood")
        if isinstance(found, Found) and found.opted_out:
            # Kept like one that was told: it is seen to whatever happens to this process.
            await self._receipts.record(Receipt.of(found, message, self._clock.now()))
        await self._outbox.settle(self._settlement(doubt, found))

    def _settlement(self, doubt: Claimed, found: Lookup) -> Settlement:
        message = doubt.message
        if isinstance(found, Found):
            return self._found(doubt, found)
        if isinstance(found, NoAnswer):
            text, wait_s = f"could not be asked: {found.text}", self._wait_for_answer(message)
            wait_s = None if wait_s is None else max(wait_s, found.retry_after_s or 0.0)
        else:
            text, wait_s = "knows nothing of it", self._wait_for_word(message)
        asked = self._event(EventName.LOOKED_UP, f"{message.provider} {text}")
        if wait_s is not None:
            return self._unknown(doubt, (asked,), wait_s)
        if not isinstance(found, NoAnswer) and self._may_resend(message):
            again = self._event(EventName.RESENT, "Sent once more, as the request wishes")
            resent = message.resent(self._clock.now())
            return Settlement(resent, doubt.lease, (asked, again), MessageStatus.UNKNOWN)
        held = self._event(
            EventName.HELD, "Nobody can tell whether it was sent; it is not sent again"
        )
        return self._unknown(doubt, (asked, held), None)

    def _found(self, doubt: Claimed, found: Found) -> Settlement:
        receipt = Receipt.of(found, doubt.message, self._clock.now())
        known = replace(doubt.message, provider_id=receipt.provider_id)
        moved = receipt.applied_to(known)
        event = receipt.event(moved.updated_at)
        return Settlement(
            moved, doubt.lease, (event,), MessageStatus.UNKNOWN, self._patience.poll_s
        )

    def _unknown(
        self, doubt: Claimed, events: tuple[Event, ...], wait_s: float | None
    ) -> Settlement:
        return Settlement(doubt.message, doubt.lease, events, MessageStatus.UNKNOWN, wait_s)

    def _wait_for_word(self, message: Message) -> float | None:
        """The last question counts only when it is late enough: earlier ones may have been lost."""
        wait_s = self._patience.wait_s(message.lookups)
        left_s = self._patience.delays_s[-1] - self._age_s(message)
        return left_s if wait_s is None and left_s > 0 else wait_s

    def _age_s(self, message: Message) -> float:
        since = message.attempted_at or message.created_at
        return (self._clock.now() - since).total_seconds()

    def _wait_for_answer(self, message: Message) -> float | None:
        """Being unreachable says nothing about the message: ask longer."""
        if self._age_s(message) > GIVE_UP_S:
            return None
        return self._patience.wait_s(message.lookups) or self._patience.longest_s

    def _may_resend(self, message: Message) -> bool:
        wanted = message.terms.on_unknown is OnUnknown.RESEND and message.channel is Channel.SMS
        return wanted and not message.resends and not message.expired(self._clock.now())

    def _event(self, name: EventName, text: str) -> Event:
        return Event(at=self._clock.now(), name=name, provider=self._carrier.code, text=text)
