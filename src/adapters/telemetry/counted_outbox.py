"""An outbox that tells what was written: the one place every settlement passes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from application.ports.outbox import (
    Claim,
    Claimed,
    ClaimRequest,
    Lane,
    Lease,
    NewMessage,
    Outbox,
    Settlement,
    SweepReport,
)
from application.ports.telemetry import Telemetry
from domain.event import Event
from domain.idempotency import IdempotencyKey
from domain.request import Request


class CountedOutbox:
    """An outbox in front of another; see ``Outbox``. Only what was written is told."""

    def __init__(self, outbox: Outbox, telemetry: Telemetry) -> None:
        self._outbox = outbox
        self._telemetry = telemetry

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        """Pass on, and tell."""
        written = await self._outbox.accept(messages, request, key)
        if written:
            self._telemetry.accepted(messages)
        return written

    async def claim(self, want: ClaimRequest) -> Claim:
        """Pass on."""
        return await self._outbox.claim(want)

    async def claim_doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Pass on."""
        return await self._outbox.claim_doubts(want)

    async def claim_silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Pass on."""
        return await self._outbox.claim_silent(want)

    async def settle(self, settlement: Settlement) -> bool:
        """Pass on, and tell."""
        written = await self._outbox.settle(settlement)
        if written:
            self._telemetry.settled(settlement)
        return written

    async def release(self, leases: Sequence[Lease]) -> None:
        """Pass on."""
        await self._outbox.release(leases)

    async def cancel(self, message_id: UUID, event: Event) -> bool:
        """Pass on."""
        return await self._outbox.cancel(message_id, event)

    async def divert(self, provider: str, avoid: frozenset[str]) -> int:
        """Pass on."""
        return await self._outbox.divert(provider, avoid)

    async def sweep(self) -> SweepReport:
        """Pass on, and tell."""
        report = await self._outbox.sweep()
        self._telemetry.swept(report)
        return report

    async def backlog(self, providers: Sequence[str]) -> Mapping[Lane, float]:
        """Pass on."""
        return await self._outbox.backlog(providers)

    async def wait_ready(self, provider: str, timeout_s: float) -> bool:
        """Pass on."""
        return await self._outbox.wait_ready(provider, timeout_s)
