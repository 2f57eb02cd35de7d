"""What a provider's later word on a message does."""

from application.ports.receipts import Fate, ReceiptLog
from domain.message import Message, MessageStatus
from domain.receipt import Receipt

FIRST_WAIT_S = 1.0
"""Until a receipt that could not be matched is tried again."""


class RecordReceipt:
    """Keeps what a provider says; the provider may be told so once it returns."""

    def __init__(self, log: ReceiptLog) -> None:
        self._log = log

    async def __call__(self, receipt: Receipt) -> None:
        """Apply a receipt, or park it.

        Raises:
            StorageUnavailableError: nothing is known to be kept; the provider is to repeat it.
        """
        await self._log.record(receipt)


def judge(receipt: Receipt, message: Message | None) -> Message | Fate:
    """Return a message as a receipt changes it, or why nothing is changed now.

    Args:
        receipt: what was said.
        message: the one it speaks of, where that is known.
    """
    # While it is being sent it is its process that writes; its answer comes first.
    if message is None or message.status is MessageStatus.SENDING:
        return Fate.PARKED
    if receipt.opted_out:
        return Fate.PARKED
    changed = receipt.applied_to(message)
    if changed is message:
        return Fate.KNOWN
    return Fate.PARKED if receipt.weak else changed


def first_wait_s(receipt: Receipt, message: Message | None) -> float:
    """Return how long a receipt is parked first: not at all where somebody has to act on it."""
    acted_on = message is not None and message.status is not MessageStatus.SENDING
    return 0.0 if acted_on and (receipt.weak or receipt.opted_out) else FIRST_WAIT_S
