"""The outbox on SQLAlchemy Core, for SQLite and PostgreSQL alike."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.bulk import BulkStatement
from adapters.persistence.group_commit import GroupCommit, TryAloneError
from adapters.persistence.rows import event_row, message_row, request_row, settled_row
from adapters.persistence.tables import events, messages, requests
from application.ports.outbox import NewMessage, Settlement
from domain.request import Request

_Acceptance = tuple[Sequence[NewMessage], Request | None]
_STATE = ("status", "updated_at", "provider_id", "error_code", "error_text", "provider_code")
_REQUESTS = BulkStatement(requests.insert())
_MESSAGES = BulkStatement(messages.insert())
_EVENTS = BulkStatement(events.insert())
_SETTLE = BulkStatement(
    sa.update(messages)
    .where(
        messages.c.id == sa.bindparam("of_id"),
        messages.c.lease_token == sa.bindparam("of_token"),
        messages.c.status == sa.bindparam("of_status"),
    )
    .values({name: sa.bindparam(name) for name in _STATE})
)


class SqlOutbox:
    """Messages are rows of ``sms_messages``; see ``Outbox``.

    A settled row keeps its token: a settlement that is repeated, because the answer to its commit
    was lost, is then recognised as done.
    """

    def __init__(self, commits: GroupCommit, owner: UUID) -> None:
        """Write through ``commits``.

        Args:
            commits: the one writer of this process.
            owner: this start of the process; messages it was sending are in doubt once it is gone.
        """
        self._commits = commits
        self._owner = owner

    async def accept(self, messages: Sequence[NewMessage], request: Request | None = None) -> None:
        """Write messages and their request; see ``Outbox.accept``."""
        await self._commits.run(self._insert, (messages, request))

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to; see ``Outbox.settle``."""
        return await self._commits.run(_settle, settlement)

    def _insert(self, connection: sa.Connection, items: Sequence[_Acceptance]) -> Sequence[None]:
        opened = [request_row(request) for _, request in items if request is not None]
        accepted = [new for news, _ in items for new in news]
        if opened:
            _REQUESTS.run(connection, opened)
        if accepted:
            _MESSAGES.run(connection, [message_row(new, self._owner) for new in accepted])
            _record(connection, [(new.message.id, new.events) for new in accepted])
        return [None] * len(items)


def _settle(connection: sa.Connection, items: Sequence[Settlement]) -> Sequence[bool]:
    changed = _SETTLE.run(connection, [settled_row(item) for item in items])
    if changed == len(items):
        _record(connection, [(item.message.id, item.events) for item in items])
        return [True] * len(items)
    if len(items) > 1:
        raise TryAloneError
    return [_is_settled(connection, items[0])]


def _is_settled(connection: sa.Connection, item: Settlement) -> bool:
    """Tell a settlement that was written before from one whose lease was lost."""
    query = sa.select(messages.c.lease_token).where(messages.c.id == item.message.id)
    return connection.scalar(query) == item.lease.token


def _record(connection: sa.Connection, histories: Sequence[tuple[UUID, Any]]) -> None:
    rows = [event_row(message_id, event) for message_id, lines in histories for event in lines]
    if rows:
        _EVENTS.run(connection, rows)
