"""In which order, and how soon, the providers tell what became of messages."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from entrypoints.simulator.callbacks import Callback
from entrypoints.simulator.phones import plain
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.wire import ProviderCode


class Way(StrEnum):
    """How a provider tells; ``never``: it has to be asked."""

    IN_ORDER = "in_order"
    LATE = "late"
    TWICE = "twice"
    REVERSED = "reversed"
    BEFORE_THE_ANSWER = "before_the_answer"
    NEVER = "never"


class Reporting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How receipts of some messages are told.

    Attributes:
        provider, phone: which messages; ``None``: any. The narrower choice counts.
        way: ``late`` tells nothing before ``seconds`` have passed, ``reversed`` the final state
            at once and the earlier ones thereafter, ``before_the_answer`` everything before the
            send itself is answered.
        seconds: between the earlier states and the final one.
    """

    provider: ProviderCode | None = None
    phone: str | None = None
    way: Way = Way.IN_ORDER
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 1.0

    def schedule(self, story: Sequence[Callback]) -> list[tuple[float, Callback]]:
        """Return what to post, and how long after what stands before it."""
        *earlier, final = story
        match self.way:
            case Way.IN_ORDER:
                return [*_at_once(earlier), (self.seconds, final)]
            case Way.LATE:
                first, *rest = story
                return [(self.seconds, first), *_at_once(rest)]
            case Way.TWICE:
                twice = [callback for callback in earlier for _ in range(2)]
                return [*_at_once(twice), (self.seconds, final), (0.0, final)]
            case Way.REVERSED if earlier:
                last, *rest = reversed(earlier)
                return [(0.0, final), (self.seconds, last), *_at_once(rest)]
            case Way.NEVER:
                return []
            case _:
                return _at_once(story)


class ReportingBoard:
    """The ways that were set, looked up by message."""

    def __init__(self, usual: Reporting | None = None) -> None:
        self._usual = usual or Reporting()
        self._set: dict[tuple[str | None, str | None], Reporting] = {}

    def set(self, reporting: Reporting) -> None:
        """Tell so from now on; what was set for the same messages is replaced."""
        phone = None if reporting.phone is None else plain(reporting.phone)
        self._set[reporting.provider, phone] = reporting

    def of(self, message: SentMessage) -> Reporting:
        """Return how this message's receipts are told."""
        provider, phone = message.provider, message.recipient
        choices = ((provider, phone), (None, phone), (provider, None), (None, None))
        return next((self._set[choice] for choice in choices if choice in self._set), self._usual)

    def clear(self) -> None:
        """Tell in the usual way again."""
        self._set.clear()

    def __iter__(self) -> Iterator[Reporting]:
        """Walk over the ways that were set."""
        return iter(tuple(self._set.values()))


def _at_once(callbacks: Sequence[Callback]) -> list[tuple[float, Callback]]:
    return [(0.0, callback) for callback in callbacks]
