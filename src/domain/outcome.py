"""What one submission came to. A provider's answer is a value, never an exception."""

from dataclasses import dataclass
from enum import StrEnum


class RejectReason(StrEnum):
    """Why a provider refused this message for good."""

    RECIPIENT = "recipient_refused"
    CONTENT = "content_refused"
    SENDER = "sender_refused"
    OPTED_OUT = "opted_out"
    REQUEST = "request_refused"
    OTHER = "refused"


class UnavailableKind(StrEnum):
    """Why a provider did not take a message that another day it would."""

    NETWORK = "provider_unreachable"
    THROTTLED = "provider_throttled"
    NO_MONEY = "provider_no_money"
    CREDENTIALS = "provider_credentials"
    CONFIGURATION = "provider_configuration"
    TEMPORARY = "provider_unavailable"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message.

    Attributes:
        provider_id: the provider's own name for it, where it gives one.
        delivered: the answer already says that it arrived.
    """

    provider_id: str | None = None
    delivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The provider refused this recipient, text or sender for good.

    Attributes:
        reason: in our words.
        provider_code: in the provider's.
        text: the provider's sentence, or ours where it gave none.
    """

    reason: RejectReason
    provider_code: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Proven not taken: it may be sent again, here or elsewhere.

    Attributes:
        kind: in our words.
        retry_after_s: how long the provider asked us to stay away, in seconds.
        provider_code: in the provider's words.
        text: the provider's sentence, or ours.
    """

    kind: UnavailableKind
    retry_after_s: float | None = None
    provider_code: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Perhaps taken: never sent again blindly.

    Attributes:
        text: what was seen, such as ``no answer within 30 s``.
        provider_code: the provider's code, where its meaning leaves the outcome open.
    """

    text: str
    provider_code: str | None = None


SubmitOutcome = Accepted | Rejected | Unavailable | Unconfirmed
