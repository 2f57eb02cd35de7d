"""Sudden death at a chosen point of a message's way: how tests see what survives it."""

import os
from collections.abc import Sequence

from application.ports.outbox import NewMessage, Outbox, Settlement
from domain.request import Request

AFTER_ACCEPT = "after_accept"
"""The first message is on disk as ``sending``; no provider has heard of it."""
AFTER_SUBMIT = "after_submit"
"""The provider has answered; what it said is nowhere written."""
FAILPOINTS = (AFTER_ACCEPT, AFTER_SUBMIT)
_KILLED = 137


class DeadlyOutbox:
    """An outbox that ends the process as ``kill -9`` would; see ``Outbox``."""

    def __init__(self, outbox: Outbox, point: str) -> None:
        self._outbox = outbox
        self._point = point

    async def accept(self, messages: Sequence[NewMessage], request: Request | None = None) -> None:
        """Write the messages; none that is to be sent lives to be."""
        await self._outbox.accept(messages, request)
        if self._point == AFTER_ACCEPT and any(new.lease is not None for new in messages):
            os._exit(_KILLED)

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to, unless that is the end."""
        if self._point == AFTER_SUBMIT:
            os._exit(_KILLED)
        return await self._outbox.settle(settlement)
