"""Receipts that have changed a message, taken down in the trace of its request."""

from adapters.telemetry.trace import Trace
from adapters.telemetry.traced_providers import message_facts
from application.ports.telemetry import Silent, Telemetry
from domain.message import Message
from domain.receipt import Receipt


class TracedReports(Silent):
    """Hears of receipts, and passes on what it hears; see ``Telemetry``."""

    def __init__(self, telemetry: Telemetry, trace: Trace) -> None:
        self._telemetry = telemetry
        self._trace = trace

    def reported(self, receipt: Receipt, message: Message) -> None:
        """Take down, from the receipt's arrival to when it counts, and pass on."""
        name, facts = f"receipt {receipt.provider}", message_facts(message)
        with self._trace.step(message.request_id, name, facts, began_at=receipt.at) as step:
            step.came_to(receipt.status.value, {"habar.provider": receipt.provider})
        self._telemetry.reported(receipt, message)
