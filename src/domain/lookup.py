"""What a provider knows of an attempt, and of our money."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.message import Message, MessageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One submission of a message to one provider.

    Attributes:
        message: as it was submitted; ``provider_id`` where the answer arrived.
        started_at: when the submission began.
        taken_ids: provider ids that belong to other messages; a provider without a reference of
            ours on the wire (Twilio) must not hand one of them out again.
    """

    message: Message
    started_at: datetime
    taken_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The provider has it.

    Attributes:
        status: ``submitted``, ``delivered``, ``undeliverable`` or ``expired``.
        provider_id: the provider's name for it.
        provider_code: its own word for the state, with the error code where there is one.
        text: for a person.
        opted_out: the recipient wants nothing from this sender any more.
    """

    status: MessageStatus
    provider_id: str | None = None
    provider_code: str | None = None
    text: str = ""
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider says it has nothing like it; right after a send that proves nothing."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The question could not be put, or the answer not be read.

    Attributes:
        text: what was seen.
        retry_after_s: how long the provider asked us to stay away, in seconds.
    """

    text: str
    retry_after_s: float | None = None


Lookup = Found | NotFound | NoAnswer


@dataclass(frozen=True, slots=True)
class Balance:
    """Money left with a provider.

    Attributes:
        amount: in units of the currency.
        currency: ISO 4217, ``None`` where the provider does not say.
    """

    amount: Decimal
    currency: str | None = None
