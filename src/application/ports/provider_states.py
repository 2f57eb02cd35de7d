"""What all processes know of the providers: their rate, their pauses, their circuits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

PAUSED = "paused"
"""How the reason begins of a circuit that an operator holds open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """What is remembered of one provider; the default is one that gives no trouble.

    Attributes:
        paused_s: seconds nobody hands it anything, because it asked for that; 0 is not paused.
        retry_s: seconds until an open circuit may be probed, 0 at once; ``None`` is a closed one.
            Of one an operator holds open: until that is over, which may be infinite.
        trips: how often the circuit has opened since it was last closed.
        reason: why it is open, in our words.
    """

    paused_s: float = 0.0
    retry_s: float | None = None
    trips: int = 0
    reason: str = ""

    @property
    def open(self) -> bool:
        """Tell whether the circuit is open."""
        return self.retry_s is not None

    @property
    def held(self) -> bool:
        """Tell whether an operator holds the circuit open: nothing is tried meanwhile."""
        return bool(self.retry_s) and self.reason.startswith(PAUSED)

    @property
    def hold_over(self) -> bool:
        """Tell whether an operator held the circuit open, for a time that is over."""
        return self.retry_s == 0 and self.reason.startswith(PAUSED)


class ProviderStates(Protocol):
    """The providers' states, shared by all processes and kept over restarts.

    A provider nothing is known of has a default state. Every method raises
    ``StorageUnavailableError`` when the database cannot be reached.
    """

    async def read(self) -> Mapping[str, ProviderState]:
        """Return the state of every provider something is known of."""
        ...

    async def reserve(
        self, provider: str, *, cost: int, spacing_s: float, patience_s: float
    ) -> float | None:
        """Take the next slots at a provider's rate for a message that is not claimed.

        Args:
            provider: its code.
            cost: segments.
            spacing_s: seconds each takes up.
            patience_s: the longest wait that is of use.

        Returns:
            Seconds until the slot; ``None`` when it is farther away than that, and not taken.
        """
        ...

    async def pause(self, provider: str, seconds: float) -> None:
        """Have every process stay away from a provider; a longer pause stands."""
        ...

    async def trip(self, provider: str, seconds: float, reason: str) -> None:
        """Open a circuit, or keep it open, so that it is probed after so long; counts as a trip.

        One that an operator holds open stays as it is.
        """
        ...

    async def probe(self, provider: str, seconds: float) -> bool:
        """Ask for the right to try a provider whose circuit is open and whose time has come.

        Exactly one caller of all processes gets it; the next one after ``seconds`` if the outcome
        was not told by then.
        """
        ...

    async def restore(self, provider: str) -> None:
        """Close a circuit, unless an operator holds it open."""
        ...

    async def hold(self, provider: str, seconds: float | None, by: str = "") -> None:
        """Have an operator open a circuit, whatever it was, and hold it open.

        Args:
            provider: its code.
            seconds: for how long; ``None`` is until ``release``.
            by: the operator's name, a part of the reason.
        """
        ...

    async def release(self, provider: str) -> None:
        """Close a circuit, whoever opened it."""
        ...
