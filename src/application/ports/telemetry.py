"""What is counted, named after what happened; nobody waits for it, and it never fails."""

from collections.abc import Sequence
from typing import Protocol

from application.ports.outbox import NewMessage, Settlement, SweepReport
from domain.lookup import Balance
from domain.message import Message
from domain.outcome import SubmitOutcome, UnavailableKind
from domain.receipt import Receipt


class Telemetry(Protocol):
    """Hears what this process has done, and only that: totals over processes add up."""

    def accepted(self, messages: Sequence[NewMessage]) -> None:
        """Messages are on disk; some of them may have ended already."""
        ...

    def submitted(self, message: Message, outcome: SubmitOutcome, seconds: float) -> None:
        """A message was handed to its provider, which took so long to answer."""
        ...

    def settled(self, settlement: Settlement) -> None:
        """What an attempt or a look-up came to is on disk."""
        ...

    def reported(self, receipt: Receipt, message: Message) -> None:
        """A receipt has changed a message; ``message`` is as it was before."""
        ...

    def canceled(self, message: Message) -> None:
        """A message was taken back; ``message`` is as it was before."""
        ...

    def retried(self, provider: str, reason: UnavailableKind) -> None:
        """A provider did not take a message, which is tried again, there or elsewhere."""
        ...

    def swept(self, report: SweepReport) -> None:
        """What lay about was tidied up."""
        ...

    def committed(self, size: int) -> None:
        """So many items shared one transaction."""
        ...

    def asked(self, provider: str, balance: Balance | None) -> None:
        """A provider was asked what money is left; ``None`` where it did not say."""
        ...


class Silent:
    """Counts nothing; see ``Telemetry``."""

    def accepted(self, messages: Sequence[NewMessage]) -> None:
        """Nothing."""

    def submitted(self, message: Message, outcome: SubmitOutcome, seconds: float) -> None:
        """Nothing."""

    def settled(self, settlement: Settlement) -> None:
        """Nothing."""

    def reported(self, receipt: Receipt, message: Message) -> None:
        """Nothing."""

    def canceled(self, message: Message) -> None:
        """Nothing."""

    def retried(self, provider: str, reason: UnavailableKind) -> None:
        """Nothing."""

    def swept(self, report: SweepReport) -> None:
        """Nothing."""

    def committed(self, size: int) -> None:
        """Nothing."""

    def asked(self, provider: str, balance: Balance | None) -> None:
        """Nothing."""


SILENT: Telemetry = Silent()
