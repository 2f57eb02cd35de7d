"""Providers whose answers are taken down in the traces of the messages' requests."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

from adapters.telemetry.trace import Facts, Step, Trace
from application.ports.providers import ProviderLookup, ReceiptSource, SmsProvider, VoiceProvider
from application.routing import Carrier
from domain.lookup import Attempt, Found, Lookup, NotFound
from domain.message import Message
from domain.outcome import Accepted, Rejected, SubmitOutcome, Unavailable


def traced_carrier(carrier: Carrier, trace: Trace) -> Carrier:
    """Have all that is asked of a provider about a message taken down."""
    sms, voice, lookup, receipts = carrier.sms, carrier.voice, carrier.lookup, carrier.receipts
    return replace(
        carrier,
        sms=None if sms is None else TracedSms(sms, trace),
        voice=None if voice is None else TracedVoice(voice, trace),
        lookup=None if lookup is None else TracedLookup(lookup, trace),
        receipts=None if receipts is None else TracedReceipts(receipts, trace),
    )


class TracedSms:
    """A provider in front of another; see ``SmsProvider``."""

    def __init__(self, provider: SmsProvider, trace: Trace) -> None:
        self._provider = provider
        self._trace = trace

    def check_text(self, text: str) -> None:
        """Pass on."""
        self._provider.check_text(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        """Pass on, and take down."""
        return await _handed_over(self._trace, message, self._provider.submit)


class TracedVoice:
    """A provider in front of another; see ``VoiceProvider``."""

    def __init__(self, provider: VoiceProvider, trace: Trace) -> None:
        self._provider = provider
        self._trace = trace

    def check_speech(self, text: str) -> None:
        """Pass on."""
        self._provider.check_speech(text)

    async def place(self, call: Message) -> SubmitOutcome:
        """Pass on, and take down."""
        return await _handed_over(self._trace, call, self._provider.place)


class TracedLookup:
    """A provider in front of another; see ``ProviderLookup``."""

    def __init__(self, lookup: ProviderLookup, trace: Trace) -> None:
        self._lookup = lookup
        self._trace = trace

    async def find(self, attempt: Attempt) -> Lookup:
        """Pass on, and take down."""
        with _asking(self._trace, attempt.message) as step:
            found = await self._lookup.find(attempt)
            _looked_up(step, found)
        return found


class TracedReceipts:
    """A provider in front of another; see ``ReceiptSource``."""

    def __init__(self, source: ReceiptSource, trace: Trace) -> None:
        self._source = source
        self._trace = trace

    @property
    def batch(self) -> int:
        """How many messages one question may be about."""
        return self._source.batch

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        """Pass on, and take down: one question is a step of every message it is about."""
        with ExitStack() as stack:
            steps = [stack.enter_context(_asking(self._trace, message)) for message in messages]
            lookups = await self._source.states(messages)
            for step, lookup in zip(steps, lookups, strict=False):
                _looked_up(step, lookup)
        return lookups


def message_facts(message: Message) -> Facts:
    """Return what a step about a message says of it."""
    return {
        "habar.message.id": str(message.id),
        "habar.provider": message.provider,
        "habar.channel": message.channel.value,
        "habar.attempt": message.attempts,
    }


async def _handed_over(
    trace: Trace, message: Message, submit: Callable[[Message], Awaitable[SubmitOutcome]]
) -> SubmitOutcome:
    name, facts = f"submit {message.provider}", message_facts(message)
    with trace.step(message.request_id, name, facts, outward=True) as step:
        outcome = await submit(message)
        match outcome:
            case Accepted():
                step.came_to("accepted")
            case Rejected(reason=reason):
                step.came_to("rejected", {"habar.reason": reason.value}, failed=True)
            case Unavailable(kind=kind):
                step.came_to("unavailable", {"habar.reason": kind.value}, failed=True)
            case _:
                step.came_to("unconfirmed", failed=True)
    return outcome


def _asking(trace: Trace, message: Message) -> AbstractContextManager[Step]:
    name, facts = f"look up {message.provider}", message_facts(message)
    return trace.step(message.request_id, name, facts, outward=True)


def _looked_up(step: Step, found: Lookup) -> None:
    if isinstance(found, Found):
        step.came_to("found", {"habar.status": found.status.value})
    elif isinstance(found, NotFound):
        step.came_to("not_found")
    else:
        step.came_to("no_answer", failed=True)
