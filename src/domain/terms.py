"""The terms a message is sent under: how urgent, through whom, and what if nobody knows."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """The lane of a message; the lower number goes first."""

    OTP = 0
    TRANSACTIONAL = 1
    BULK = 2

    @property
    def label(self) -> str:
        """The word callers use."""
        return self.name.lower()


class OnUnknown(StrEnum):
    """What is done when nobody can tell whether the provider took a message."""

    HOLD = "hold"
    RESEND = "resend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a caller wants for every message of a request.

    Attributes:
        route: the providers' codes, in the order they are tried; the second and later ones only
            where one before them is proven not to have taken the message.
        on_unknown: ``resend`` sends once more, after every look-up has found nothing.
        force: send to blacklisted phones, too.
    """

    route: tuple[str, ...] = ()
    priority: Priority = Priority.TRANSACTIONAL
    on_unknown: OnUnknown = OnUnknown.HOLD
    force: bool = False

    def next_after(self, provider: str) -> str | None:
        """Return who is tried after a provider, or ``None`` when it was the last."""
        behind = self.route[self.route.index(provider) + 1 :] if provider in self.route else ()
        return behind[0] if behind else None

    def first(self, provider: str) -> str:
        """Return who is tried first in a new round; ``provider`` where there is no route."""
        return self.route[0] if self.route else provider


USUAL = Terms()
"""The terms of a request that says nothing of them."""
