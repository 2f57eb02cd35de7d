"""Telemetry that remembers what it has heard."""

from collections.abc import Sequence

from application.ports.outbox import NewMessage, Settlement, SweepReport
from domain.lookup import Balance
from domain.message import Message
from domain.outcome import SubmitOutcome, UnavailableKind
from domain.receipt import Receipt


class HeardTelemetry:
    """Remembers.

    Attributes:
        heard: what happened, and to what, in order.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []

    def of(self, name: str) -> list[object]:
        """Return what was heard of one kind."""
        return [what for happened, what in self.heard if happened == name]

    def accepted(self, messages: Sequence[NewMessage]) -> None:
        self.heard.append(("accepted", len(messages)))

    def submitted(self, message: Message, outcome: SubmitOutcome, seconds: float) -> None:
        self.heard.append(("submitted", (message.provider, outcome, seconds)))

    def settled(self, settlement: Settlement) -> None:
        self.heard.append(("settled", settlement.message.status))

    def reported(self, receipt: Receipt, message: Message) -> None:
        self.heard.append(("reported", (receipt.status, message.status)))

    def canceled(self, message: Message) -> None:
        self.heard.append(("canceled", message.provider))

    def retried(self, provider: str, reason: UnavailableKind) -> None:
        self.heard.append(("retried", (provider, reason)))

    def swept(self, report: SweepReport) -> None:
        self.heard.append(("swept", report))

    def committed(self, size: int) -> None:
        self.heard.append(("committed", size))

    def asked(self, provider: str, balance: Balance | None) -> None:
        self.heard.append(("asked", (provider, balance)))
