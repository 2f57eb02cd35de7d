"""What becomes of a message that a provider is proven not to have taken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.message import Failure, Message
from domain.outcome import Unavailable, UnavailableKind

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
_NOT_COUNTED = frozenset(
    {UnavailableKind.THROTTLED, UnavailableKind.NO_MONEY, UnavailableKind.CREDENTIALS}
)
"""The provider's state, not the message's: only its time limits how long it waits for these."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How a message that is sent in the background is tried again.

    Attributes:
        max_attempts: after so many it has failed.
        chance: a number from 0 to 1, so that messages that failed together do not return together.
    """

    max_attempts: int
    chance: Callable[[], float]

    def after(self, message: Message, outcome: Unavailable, at: datetime) -> tuple[Message, float]:
        """Return what the message becomes, and in how many seconds it is due again.

        It goes to the next provider of its route at once. Behind the last one it waits, twice as
        long after every round, and not less than the provider asked for; then it begins anew.
        """
        failure = Failure(outcome.kind, outcome.text, outcome.provider_code)
        following = message.terms.next_after(message.provider)
        if following is not None:
            return _uncounted(message.deferred(at, failure, following), outcome), 0.0
        if outcome.kind not in _NOT_COUNTED and message.attempts >= self.max_attempts:
            return message.after(outcome, at), 0.0
        first = message.terms.first(message.provider)
        return _uncounted(message.deferred(at, failure, first), outcome), self._wait_s(
            message, outcome
        )

    def _wait_s(self, message: Message, outcome: Unavailable) -> float:
        rounds = message.attempts // max(1, len(message.terms.route))
        wait_s: float = min(FIRST_WAIT_S * 2.0 ** min(max(0, rounds - 1), 20), LONGEST_WAIT_S)
        return max(wait_s * (0.5 + self.chance() / 2), outcome.retry_after_s or 0.0)


def _uncounted(message: Message, outcome: Unavailable) -> Message:
    """Take an attempt back that says nothing about the message."""
    if outcome.kind not in _NOT_COUNTED:
        return message
    return replace(message, attempts=message.attempts - 1)
