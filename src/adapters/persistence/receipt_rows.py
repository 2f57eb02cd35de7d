"""Receipts, and the messages they change, to rows and back."""

from hashlib import sha256
from typing import Any

from adapters.persistence.rows import Row, event_row, plain, plain_code
from application.ports.receipts import Parked
from domain.message import Message, MessageStatus
from domain.receipt import Receipt


def parked_row(receipt: Receipt) -> Row:
    """Map a receipt, the time it is due at apart."""
    return {
        "provider": receipt.provider,
        "message_id": receipt.message_id,
        "provider_id": plain_code(receipt.provider_id),
        "status": receipt.status,
        "provider_code": plain_code(receipt.provider_code),
        "text": plain(receipt.text),
        "weak": receipt.weak,
        "opted_out": receipt.opted_out,
        "at": receipt.at,
        "digest": _digest(receipt),
    }


def _digest(receipt: Receipt) -> bytes:
    """Return what two receipts that say the same have in common."""
    said = (
        receipt.provider,
        receipt.message_id,
        receipt.provider_id,
        receipt.status,
        receipt.provider_code,
        receipt.weak,
        receipt.opted_out,
    )
    return sha256(repr([None if part is None else str(part) for part in said]).encode()).digest()


def to_receipt(row: Any) -> Receipt:  # noqa: ANN401 - of either database's driver
    """Read a parked receipt back."""
    return Receipt(
        provider=row.provider,
        status=MessageStatus(row.status),
        at=row.at,
        message_id=row.message_id,
        provider_id=row.provider_id,
        provider_code=row.provider_code,
        text=row.text,
        weak=bool(row.weak),
        opted_out=bool(row.opted_out),
    )


def to_parked(row: Any, message: Message | None) -> Parked:  # noqa: ANN401 - as above
    """Read a parked receipt back, beside its message."""
    return Parked(row.id, to_receipt(row), message)


def changed_row(before: Message, after: Message) -> Row:
    """Map what a receipt changes, and the state the message must still be in."""
    failure = after.failure
    return {
        "of_id": before.id,
        "was": before.status,
        "was_with": before.provider,
        "was_attempts": before.attempts,
        "new_status": after.status,
        "new_provider": after.provider,
        "new_provider_id": plain_code(after.provider_id),
        "at": after.updated_at,
        "error_code": None if failure is None else failure.code,
        "error_text": None if failure is None else plain(failure.text),
        "provider_code": None if failure is None else plain_code(failure.provider_code),
    }


def line_row(receipt: Receipt, after: Message) -> Row:
    """Map the line of the history."""
    row = event_row(after.id, receipt.event(after.updated_at))
    return row | {"text": plain(receipt.text), "provider_code": plain_code(receipt.provider_code)}
