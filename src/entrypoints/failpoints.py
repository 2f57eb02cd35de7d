"""Sudden death at a chosen point of a message's way: how tests see what survives it."""

import os
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
from domain.event import Event
from domain.idempotency import IdempotencyKey
from domain.request import Request

AFTER_ACCEPT = "after_accept"
"""The first message is on disk as ``sending``; no provider has heard of it."""
AFTER_CLAIM = "after_claim"
"""The same, for a message that came out of the queue."""
AFTER_SUBMIT = "after_submit"
"""The provider has answered; what it said is nowhere written."""
AFTER_SETTLE = "after_settle"
"""What it said is on disk; the caller has not heard of it."""
FAILPOINTS = (AFTER_ACCEPT, AFTER_CLAIM, AFTER_SUBMIT, AFTER_SETTLE)
_KILLED = 137


class DeadlyOutbox:
    """An outbox that ends the process as ``kill -9`` would; see ``Outbox``."""

    def __init__(self, outbox: Outbox, point: str) -> None:
        self._outbox = outbox
        self._point = point

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        """Write the messages; none that is to be sent now lives to be."""
        done = await self._outbox.accept(messages, request, key)
        self._die(AFTER_ACCEPT, when=any(new.lease is not None for new in messages))
        return done

    async def claim(self, want: ClaimRequest) -> Claim:
        """Claim messages; none lives to be sent."""
        claim = await self._outbox.claim(want)
        self._die(AFTER_CLAIM, when=bool(claim.claimed))
        return claim

    async def claim_doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Pass on."""
        return await self._outbox.claim_doubts(want)

    async def claim_silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Pass on."""
        return await self._outbox.claim_silent(want)

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to, unless that is the end."""
        self._die(AFTER_SUBMIT)
        done = await self._outbox.settle(settlement)
        self._die(AFTER_SETTLE)
        return done

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
        """Pass on."""
        return await self._outbox.sweep()

    async def backlog(self, providers: Sequence[str]) -> Mapping[Lane, float]:
        """Pass on."""
        return await self._outbox.backlog(providers)

    async def wait_ready(self, provider: str, timeout_s: float) -> bool:
        """Pass on."""
        return await self._outbox.wait_ready(provider, timeout_s)

    def _die(self, point: str, *, when: bool = True) -> None:
        if self._point == point and when:
            os._exit(_KILLED)
