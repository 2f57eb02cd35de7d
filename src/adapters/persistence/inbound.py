"""What subscribers wrote, on both databases."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.blacklist import delete_phones, insert_entries
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.opt_outs import lift_opt_outs
from adapters.persistence.reads import read
from adapters.persistence.rows import Row, message_row, request_row
from adapters.persistence.tables import inbound, messages, requests
from application.ports.inbound import Confirmation, InboundFilter, Reception
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.inbound import InboundMessage, Keyword
from domain.phone import Phone

_THEIR_OWN = frozenset({BlacklistSource.STOP, BlacklistSource.PROVIDER})
Announce = Callable[[sa.Connection, InboundMessage], None]
"""Has a message told, in the transaction that writes it."""


class SqlInboundLog:
    """What subscribers wrote are rows of ``sms_inbound``; see ``InboundLog``."""

    def __init__(
        self, commits: GroupCommit, reader: AsyncEngine, owner: UUID, announce: Announce
    ) -> None:
        """Write through ``commits``, read through ``reader``.

        Args:
            commits: the one writer of this process.
            reader: of the same database.
            owner: this start of the process.
            announce: writes the webhook events.
        """
        self._commits = commits
        self._reader = reader
        self._owner = owner
        self._announce = announce

    async def write(self, reception: Reception) -> bool:
        """Write a message and what comes of it; see ``InboundLog.write``."""
        return await self._commits.run(self._write, reception)

    async def find(
        self, wanted: InboundFilter, *, before: UUID | None, limit: int
    ) -> Sequence[InboundMessage]:
        """Return some messages, the latest first; see ``InboundLog.find``."""
        query = sa.select(inbound).where(*_conditions(wanted))
        if before is not None:
            query = query.where(inbound.c.id < before)
        found = await read(self._reader, query.order_by(inbound.c.id.desc()).limit(limit))
        return [_to_inbound(row) for row in found]

    def _write(self, connection: sa.Connection, items: Sequence[Reception]) -> Sequence[bool]:
        # In one order, as processes wait for one another's rows.
        ordered = sorted(enumerate(items), key=lambda item: _place(item[1].inbound))
        written = {number: self._write_one(connection, item) for number, item in ordered}
        return [written[number] for number in range(len(items))]

    def _write_one(self, connection: sa.Connection, reception: Reception) -> bool:
        new = insert_new(connection, inbound).values(_row(reception.inbound))
        new = new.execution_options(preserve_rowcount=True)
        if not connection.execute(new).rowcount:
            return False
        self._announce(connection, reception.inbound)
        if reception.phone is not None:
            self._obey(connection, reception, reception.phone)
        return True

    def _obey(self, connection: sa.Connection, reception: Reception, phone: Phone) -> None:
        """Do what the subscriber asks for."""
        if reception.inbound.keyword is Keyword.START:
            delete_phones(connection, [phone], _THEIR_OWN)
            lift_opt_outs(connection, [phone], reception.inbound.provider)
        elif reception.inbound.keyword is Keyword.STOP:
            listed = insert_entries(connection, [_entry(reception.inbound, phone)])
            if listed and reception.confirmation is not None:
                self._confirm(connection, reception.confirmation)

    def _confirm(self, connection: sa.Connection, confirmation: Confirmation) -> None:
        """Queue the confirmation; whoever looks into the queue next finds it."""
        new = confirmation.message
        connection.execute(sa.insert(requests), request_row(confirmation.request))
        row = message_row(new, self._owner, new.message.created_at)
        connection.execute(sa.insert(messages), row)


def _place(message: InboundMessage) -> tuple[str, str]:
    return message.phone, message.provider_id or ""


def _entry(message: InboundMessage, phone: Phone) -> BlacklistEntry:
    return BlacklistEntry(
        phone,
        message.received_at,
        reason=f"opted out by a message through {message.provider}",
        source=BlacklistSource.STOP,
        note=f"inbound message {message.id}",
    )


def _conditions(wanted: InboundFilter) -> list[sa.ColumnElement[bool]]:
    columns = inbound.c
    exact = {
        columns.phone: wanted.phone,
        columns.provider: wanted.provider,
        columns.keyword: wanted.keyword,
    }
    found = [column == value for column, value in exact.items() if value is not None]
    if wanted.since is not None:
        found.append(columns.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.received_at < wanted.until)
    return found


def _row(message: InboundMessage) -> Row:
    return {
        "id": message.id,
        "provider": message.provider,
        "provider_id": message.provider_id,
        "phone": message.phone,
        "to": message.to,
        "text": message.text,
        "keyword": message.keyword,
        "received_at": message.received_at,
    }


def _to_inbound(row: sa.Row[Any]) -> InboundMessage:
    return InboundMessage(
        id=row.id,
        provider=row.provider,
        phone=row.phone,
        to=row.to,
        text=row.text,
        received_at=row.received_at,
        provider_id=row.provider_id,
        keyword=None if row.keyword is None else Keyword(row.keyword),
    )
