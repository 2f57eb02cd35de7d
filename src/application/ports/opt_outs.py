"""Who wants nothing more from one sender, where a provider keeps that apart for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.phone import Phone
from domain.sender_id import SenderId


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A provider's word that a subscriber wants nothing more from a sender.

    Attributes:
        sender: ``None`` is the provider's default one.
        provider_code: in the provider's words.
    """

    phone: Phone
    provider: str
    sender: SenderId | None
    created_at: datetime
    provider_code: str | None = None


class OptOuts(Protocol):
    """The opt-outs, on disk. The provider has the last word: this only saves asking it in vain.

    Every method raises ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def add(self, opt_out: OptOut) -> None:
        """Write an opt-out; one already there keeps its date. Durable on return."""
        ...

    async def lift(self, phone: Phone, provider: str | None = None) -> None:
        """Forget the opt-outs of a phone, from every sender of a provider, or of all providers."""
        ...

    async def among(
        self, phones: Sequence[Phone], provider: str
    ) -> frozenset[tuple[Phone, SenderId | None]]:
        """Return which of the phones want nothing from which senders of a provider.

        At most 1 000 phones are asked at once.
        """
        ...
