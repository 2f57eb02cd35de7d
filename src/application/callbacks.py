"""What is done with what providers tell us unasked."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from application.ports.callbacks import (
    Callback,
    CallbackOutcome,
    CallbackReader,
    Malformed,
    Refused,
)
from domain.inbound import InboundMessage
from domain.receipt import Receipt

_log = logging.getLogger(__name__)


class TakeCallback:
    """Checks and reads a callback, and sees that what it says is on disk."""

    def __init__(
        self,
        readers: Mapping[str, CallbackReader],
        record_receipt: Callable[[Receipt], Awaitable[None]],
        receive_inbound: Callable[[InboundMessage], Awaitable[None]],
    ) -> None:
        self._readers = readers
        self._record_receipt = record_receipt
        self._receive_inbound = receive_inbound

    async def __call__(self, provider: str, callback: Callback) -> CallbackOutcome | None:
        """Take one callback; ``None`` where this provider has none here.

        Raises:
            StorageUnavailableError: it may have to come again.
        """
        reader = self._readers.get(provider)
        if reader is None:
            return None
        outcome = reader.read(callback)
        if isinstance(outcome, Receipt):
            await self._record_receipt(outcome)
        elif isinstance(outcome, InboundMessage):
            await self._receive_inbound(outcome)
        elif isinstance(outcome, Refused | Malformed):
            _log.warning("a callback for %s was not taken: %s", provider, outcome.text)
        return outcome
