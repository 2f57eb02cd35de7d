"""The message: one recipient's SMS or call, and what may become of it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain.errors import InvalidReferenceError, InvalidTextError
from domain.outcome import Accepted, Rejected, SubmitOutcome, Unavailable, Unconfirmed
from domain.phone import Phone
from domain.sender_id import SenderId
from domain.terms import USUAL, Terms

REFERENCE_LENGTH = 100
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class Channel(StrEnum):
    """How a message reaches its recipient."""

    SMS = "sms"
    CALL = "call"


class MessageStatus(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELED = "canceled"
    BLOCKED = "blocked"


_S = MessageStatus
TRANSITIONS: dict[MessageStatus, frozenset[MessageStatus]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.CANCELED, _S.EXPIRED, _S.BLOCKED, _S.FAILED}),
    _S.SENDING: frozenset({_S.SUBMITTED, _S.QUEUED, _S.UNKNOWN, _S.REJECTED, _S.FAILED}),
    _S.SUBMITTED: frozenset({_S.DELIVERED, _S.UNDELIVERABLE, _S.EXPIRED}),
    _S.UNKNOWN: frozenset(
        {_S.SUBMITTED, _S.DELIVERED, _S.UNDELIVERABLE, _S.EXPIRED, _S.FAILED, _S.QUEUED}
    ),
    _S.DELIVERED: frozenset(),
    _S.UNDELIVERABLE: frozenset({_S.DELIVERED}),
    _S.EXPIRED: frozenset({_S.UNDELIVERABLE, _S.DELIVERED}),
    _S.REJECTED: frozenset(),
    _S.FAILED: frozenset({_S.DELIVERED}),
    _S.CANCELED: frozenset(),
    _S.BLOCKED: frozenset(),
}
"""What may follow what.

Only receipts move a message out of a final state: a true ``delivered``, and ``undeliverable`` where
it was ``expired``, so that both together come to the same in either order.
"""

RECEIPT_STATUSES = frozenset({_S.SUBMITTED, _S.DELIVERED, _S.UNDELIVERABLE, _S.EXPIRED})
"""What a provider can later say of a message it took."""


class IllegalTransitionError(ValueError):
    """A move the state machine does not have: a defect of ours, never a caller's doing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message did not go, or why nobody knows.

    Attributes:
        code: in our words, snake_case.
        text: for a person.
        provider_code: in the provider's words.
    """

    code: str
    text: str
    provider_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One recipient's SMS or call: the unit that is sent, tracked and answered for.

    Attributes:
        id: UUIDv7; also our reference on the provider's side.
        request_id: the request it came with.
        text: as the caller gave it, character by character.
        provider: the code of the provider it goes through.
        sender: the caller's choice; ``None`` is the provider's default.
        reference: the caller's own name for it.
        terms: the same for every message of a request.
        due_at: when it is to be sent, where that is not at once.
        expires_at: it is not sent after this.
        provider_id: the provider's name for it, once there is one.
        attempts: submissions so far, the present one included.
        attempted_at: when the latest submission began.
        lookups: how often the provider was asked what became of the latest submission.
        resends: how often it was sent again although nobody knew the outcome.
    """

    id: UUID
    request_id: UUID
    channel: Channel
    recipient: Phone
    text: str
    provider: str
    status: MessageStatus
    created_at: datetime
    updated_at: datetime
    sender: SenderId | None = None
    reference: str | None = None
    terms: Terms = USUAL
    due_at: datetime | None = None
    expires_at: datetime | None = None
    provider_id: str | None = None
    attempts: int = 0
    attempted_at: datetime | None = None
    lookups: int = 0
    resends: int = 0
    failure: Failure | None = None

    def moved(
        self, status: MessageStatus, at: datetime, failure: Failure | None = None
    ) -> "Message":
        """Return the message in its next state.

        Raises:
            IllegalTransitionError: the state machine has no such move.
        """
        self._check_move(status)
        return replace(self, status=status, updated_at=at, failure=failure)

    def started(self, at: datetime) -> "Message":
        """Return the message with one more attempt under way."""
        self._check_move(_S.SENDING)
        return replace(
            self,
            status=_S.SENDING,
            updated_at=at,
            failure=None,
            attempts=self.attempts + 1,
            attempted_at=at,
            lookups=0,
        )

    def put_back(self, at: datetime) -> "Message":
        """Return the message as it was before an attempt that has not begun after all."""
        self._check_move(_S.QUEUED)
        return replace(self, status=_S.QUEUED, updated_at=at, attempts=self.attempts - 1)

    def deferred(self, at: datetime, failure: Failure, provider: str) -> "Message":
        """Return the message waiting for another attempt, perhaps with another provider."""
        return replace(self.moved(_S.QUEUED, at, failure), provider=provider)

    def resent(self, at: datetime) -> "Message":
        """Return the message waiting to be sent again although nobody knows the outcome."""
        again = self.moved(_S.QUEUED, at, self.failure)
        return replace(again, resends=self.resends + 1, lookups=0)

    def unsent(self, status: MessageStatus, at: datetime, failure: Failure) -> "Message":
        """Return the message ended in a state that says it did not leave.

        One that was sent before without a known outcome may have arrived then: it stays in doubt.
        """
        if not self.resends:
            return self.moved(status, at, failure)
        doubt = Failure(
            "unconfirmed", f"Sent before, and not again: {failure.text}", failure.provider_code
        )
        left = self.moved(_S.SENDING, at) if self.status is _S.QUEUED else self
        return left.moved(_S.UNKNOWN, at, doubt)

    def expired(self, at: datetime) -> bool:
        """Tell whether its time is over."""
        return self.expires_at is not None and at >= self.expires_at

    def after(self, outcome: SubmitOutcome, at: datetime) -> "Message":
        """Return what the message becomes when its one attempt ended so."""
        match outcome:
            case Accepted(provider_id, delivered):
                self._check_move(_S.SUBMITTED)
                status = _S.DELIVERED if delivered else _S.SUBMITTED
                return replace(
                    self, status=status, updated_at=at, failure=None, provider_id=provider_id
                )
            case Rejected():
                return self.unsent(_S.REJECTED, at, _failure(outcome.reason, outcome))
            case Unavailable():
                return self.unsent(_S.FAILED, at, _failure(outcome.kind, outcome))
            case Unconfirmed():
                return self.moved(_S.UNKNOWN, at, _failure("unconfirmed", outcome))
            case _:
                assert_never(outcome)

    def after_receipt(
        self, status: MessageStatus, at: datetime, failure: Failure | None = None
    ) -> "Message":
        """Return what the message becomes on the provider's later word.

        Late, repeated and reordered words never move it back: then it is returned as it is. So is
        one that nobody was ever handed. A message queued again after an attempt has been taken
        after all, and need not go again.

        Args:
            status: what the provider says.
            at: when.
            failure: why it did not arrive, where that is so.
        """
        if status not in RECEIPT_STATUSES:
            raise IllegalTransitionError(f"no receipt says {status}")
        if not self.attempts and self.attempted_at is None:  # some attempts do not count
            return self
        if self.status is _S.QUEUED:
            return self.moved(_S.SENDING, at).after_receipt(status, at, failure)
        if self.status is _S.SENDING:
            taken = self.moved(_S.SUBMITTED, at)
            return taken if status is _S.SUBMITTED else taken.moved(status, at, failure)
        if status not in TRANSITIONS[self.status]:
            return self
        return self.moved(status, at, failure)

    def _check_move(self, status: MessageStatus) -> None:
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransitionError(f"{self.status} -> {status}")


def _failure(code: str, outcome: Rejected | Unavailable | Unconfirmed) -> Failure:
    return Failure(str(code), outcome.text, outcome.provider_code)


def check_text(text: str) -> None:
    """Refuse a text no provider could carry.

    Raises:
        InvalidTextError: it is empty, or has a NUL or half a surrogate pair.
    """
    if not text:
        raise InvalidTextError("The message is empty.")
    if "\x00" in text:
        raise InvalidTextError("The message has a NUL character (U+0000); take it out.")
    if _HALF_PAIR.search(text):
        raise InvalidTextError("The message has half a surrogate pair; send whole characters.")


def check_reference(reference: str) -> None:
    """Refuse a reference that could not be stored and found again.

    Raises:
        InvalidReferenceError: it is empty, over 100 characters, or not printable.
    """
    if not 1 <= len(reference) <= REFERENCE_LENGTH or not reference.isprintable():
        raise InvalidReferenceError(f"A reference is 1 to {REFERENCE_LENGTH} printable characters.")
