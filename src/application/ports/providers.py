"""What is asked of a provider, cut by role: an adapter serves those its API can."""

from collections.abc import Sequence
from typing import Protocol

from domain.lookup import Attempt, Balance, Lookup, NoAnswer
from domain.message import Message
from domain.outcome import SubmitOutcome


class SmsProvider(Protocol):
    """A company that carries short messages for us."""

    def check_text(self, text: str) -> None:
        """Refuse a text this provider does not take.

        Raises:
            MessageTooLongError: it names the limit.
        """
        ...

    async def submit(self, message: Message) -> SubmitOutcome:
        """Hand the message over once; failures, too, come back as outcomes.

        One request, one recipient, never repeated inside. The message's id goes along as our
        reference wherever the provider has a field for it.
        """
        ...


class VoiceProvider(Protocol):
    """A company that calls and reads a text aloud for us."""

    def check_speech(self, text: str) -> None:
        """Refuse a text this provider does not read.

        Raises:
            MessageTooLongError: it names the limit.
        """
        ...

    async def place(self, call: Message) -> SubmitOutcome:
        """Ask for the call once; the same promises as ``SmsProvider.submit``."""
        ...


class ProviderLookup(Protocol):
    """A provider that can be asked what became of an attempt."""

    async def find(self, attempt: Attempt) -> Lookup:
        """Tell what the provider knows; asking changes nothing and may be repeated."""
        ...


class ReceiptSource(Protocol):
    """A provider that can be asked what became of messages it took."""

    @property
    def batch(self) -> int:
        """How many messages one question may be about."""
        ...

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        """Tell what the provider knows, a word for each message in order; one question.

        Args:
            messages: at most ``batch``, each ``submitted`` to this provider.
        """
        ...


class BalanceSource(Protocol):
    """A provider that tells how much money is left."""

    async def balance(self) -> Balance | NoAnswer:
        """Ask for the balance; asking changes nothing and may be repeated."""
        ...
