"""What the stand-ins say of a message when they are asked: set by tests, delivered otherwise."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from entrypoints.simulator.phones import plain
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.wire import ProviderCode


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to answer about some messages, also about those that are still to come.

    Attributes:
        id, reference, phone: which messages, the first that is given counting in this order;
            none of them: all of this provider.
        status: the provider's own word or number; ``None``: delivered.
        error_code: the provider's own reason beside the status; 0: none.
        missing_for: how many look-ups do not find the message before the first that does.
    """

    provider: ProviderCode
    id: str | None = None
    reference: str | None = None
    phone: str | None = None
    status: int | str | None = None
    error_code: int = 0
    missing_for: int = 0

    def __post_init__(self) -> None:
        """Refuse words where a provider has numbers only."""
        if self.provider == ProviderCode.SMSCRU and self.status is not None:
            int(self.status)


class StateBoard:
    """The states that were set, looked up by message."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, ...], State] = {}
        self._looks: Counter[tuple[tuple[str, ...], int, str]] = Counter()

    def set(self, state: State) -> None:
        """Answer so from now on; an earlier state of the same selection is replaced."""
        selection = next(_selections(state.provider, state.id, state.reference, state.phone))
        self._states[selection] = state
        for key in [key for key in self._looks if key[0] == selection]:
            del self._looks[key]

    def peek(self, message: SentMessage) -> State:
        """Return what a look-up would say, without counting as one."""
        return self._match(message)[1]

    def look(self, message: SentMessage) -> State | None:
        """Return what to say of the message, or ``None`` when it is not to be found yet."""
        selection, state = self._match(message)
        if state.missing_for == 0:
            return state
        looked = (selection, message.arrival, message.recipient)
        self._looks[looked] += 1
        return state if self._looks[looked] > state.missing_for else None

    def clear(self) -> None:
        """Say delivered of everything again."""
        self._states.clear()
        self._looks.clear()

    def __iter__(self) -> Iterator[State]:
        """Walk over the states that were set."""
        return iter(tuple(self._states.values()))

    def _match(self, message: SentMessage) -> tuple[tuple[str, ...], State]:
        if self._states:
            for selection in _selections(
                message.provider, message.provider_id, message.reference, message.recipient
            ):
                if selection in self._states:
                    return selection, self._states[selection]
        return (), State(provider=message.provider)


def _selections(
    provider: str, provider_id: str | None, reference: str | None, phone: str | None
) -> Iterator[tuple[str, ...]]:
    if provider_id is not None:
        yield provider, "id", provider_id
    if reference is not None:
        yield provider, "reference", reference
    if phone is not None:
        yield provider, "phone", plain(phone)
    yield (provider,)
