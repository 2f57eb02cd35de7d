"""Every error a caller can cause; each has one HTTP reply."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a command.

    Attributes:
        field: its path as the caller wrote it, such as ``phones[3]``.
        message: for a person.
    """

    field: str
    message: str


class DomainError(Exception):
    """A broken rule. The text is for the caller and names the next step."""

    def __init__(self, message: str, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)


class InvalidPhoneError(DomainError):
    """Not a number that can exist."""


class InvalidTextError(DomainError):
    """A text no provider could carry: empty, or not Unicode text."""


class InvalidSenderError(DomainError):
    """Not a sender ID a handset can show."""


class InvalidReferenceError(DomainError):
    """A caller's reference that is empty or too long."""


class MessageTooLongError(DomainError):
    """Longer than the chosen provider takes."""


class RecipientCountError(DomainError):
    """No recipient at all, or more than one request may have."""


class UnknownProviderError(DomainError):
    """A provider code Habar does not know."""


class ProviderNotConfiguredError(DomainError):
    """A known provider without credentials in this deployment."""


class ProviderCannotCallError(DomainError):
    """A provider without voice."""


class NotBlacklistedError(DomainError):
    """The phone asked about is not on the blacklist."""


class InvalidEntryError(DomainError):
    """A reason, a note or an expiry that no entry of the blacklist can have."""


class InvalidImportError(DomainError):
    """A list of phones with lines that cannot be read; nothing of it was written."""


class MessageNotFoundError(DomainError):
    """No message has this id."""


class RequestNotFoundError(DomainError):
    """No request has this id."""


class InvalidScheduleError(DomainError):
    """A time to send at, a delay or a time to live that cannot be meant."""


class InvalidTermsError(DomainError):
    """Wishes that do not go together, such as a call that is to be made twice."""


class InvalidIdempotencyKeyError(DomainError):
    """An idempotency key that is empty, too long or not printable."""


class KeyReusedError(DomainError):
    """The idempotency key was used before, for another request."""


class RequestRunningError(DomainError):
    """The request with this idempotency key is still being served."""


class NotCancelableError(DomainError):
    """The message has left, or has come to its end."""


class QueueTooOldError(DomainError):
    """Messages have waited too long already; more would only wait longer."""


class ForbiddenError(DomainError):
    """Whoever asks may not do this."""
