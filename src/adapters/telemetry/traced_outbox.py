"""An outbox whose acceptances are taken down in the traces of their requests."""

from collections.abc import Sequence

from adapters.telemetry.counted_outbox import CountedOutbox
from adapters.telemetry.trace import CALL, Trace
from application.ports.outbox import NewMessage, Outbox
from application.ports.telemetry import Telemetry
from domain.idempotency import IdempotencyKey
from domain.request import Request


class TracedOutbox(CountedOutbox):
    """An outbox that counts, too; see ``CountedOutbox``."""

    def __init__(self, outbox: Outbox, telemetry: Telemetry, trace: Trace) -> None:
        super().__init__(outbox, telemetry)
        self._trace = trace

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        """Pass on, and take down; the call under way learns which request it makes."""
        if request is None and not messages:
            return await super().accept(messages, request, key)
        request_id = messages[0].message.request_id if request is None else request.id
        if request is not None and (call := CALL.get()) is not None:
            call.request_id = request_id
        with self._trace.step(request_id, "accept", {"habar.messages": len(messages)}) as step:
            written = await super().accept(messages, request, key)
            step.came_to("written" if written else "key_used_before")
        return written
