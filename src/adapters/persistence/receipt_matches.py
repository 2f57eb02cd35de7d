"""The messages receipts speak of, on both databases."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.rows import to_message, to_request
from adapters.persistence.tables import messages, requests
from domain.message import Message
from domain.receipt import Receipt

_Name = tuple[str, str | None]
"""A provider, and its own name for a message."""


def matches(connection: sa.Connection, receipts: Sequence[Receipt]) -> list[Message | None]:
    """Return the message of each receipt, ``None`` where there is none yet."""
    ours = {receipt.message_id for receipt in receipts if receipt.message_id is not None}
    theirs = {_name(receipt) for receipt in receipts if receipt.message_id is None}
    found = _read(connection, messages.c.id.in_(ours)) if ours else []
    by_id = {message.id: message for message in found}
    by_name = _named(connection, theirs)
    return [
        by_name.get(_name(receipt)) if receipt.message_id is None else by_id.get(receipt.message_id)
        for receipt in receipts
    ]


def _name(receipt: Receipt) -> _Name:
    return receipt.provider, receipt.provider_id


def _named(connection: sa.Connection, names: Iterable[_Name]) -> Mapping[_Name, Message]:
    """Find messages by their providers' names; of several the latest."""
    by_provider: dict[str, set[str]] = {}
    for provider, provider_id in names:
        if provider_id is not None:
            by_provider.setdefault(provider, set()).add(provider_id)
    found = [
        message
        for provider, ids in by_provider.items()
        for message in _read(
            connection, messages.c.provider == provider, messages.c.provider_id.in_(ids)
        )
    ]
    return {(m.provider, m.provider_id): m for m in sorted(found, key=lambda m: m.id)}


def _read(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Message]:
    found = connection.execute(sa.select(messages).where(*conditions)).all()
    known = _requests(connection, {row.request_id for row in found})
    return [
        to_message(row, known[row.request_id]).message for row in found if row.request_id in known
    ]


def _requests(connection: sa.Connection, ids: set[UUID]) -> dict[UUID, Any]:
    if not ids:
        return {}
    found = connection.execute(sa.select(requests).where(requests.c.id.in_(ids)))
    return {row.id: to_request(row) for row in found}
