"""Receipts on both databases: applied to their messages, or parked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.receipt_changes import Change, Changes
from adapters.persistence.receipt_matches import matches
from adapters.persistence.receipt_rows import parked_row, to_parked, to_receipt
from adapters.persistence.tables import parked_receipts as parked_table
from application.ports.receipts import Fate, Parked
from application.ports.telemetry import SILENT, Telemetry
from application.receipts import first_wait_s, judge
from domain.message import Message
from domain.receipt import Receipt

_of_id = parked_table.c.id == sa.bindparam("of_id")
_PUT_OFF = sa.update(parked_table).where(_of_id).values(due_at=sa.bindparam("then"))
_DROP = sa.delete(parked_table).where(_of_id)
_WEIGHT = 4
"""Rows that cost as much as one receipt: its message is read and judged, too."""


@dataclass(slots=True)
class _Case:
    """A receipt that is dealt with.

    Attributes:
        parked_id: its row's, where it was parked before.
        wait_s: how long it is parked; ``None`` is what is usual for a new one.
        fate: what becomes of it unless something else does.
        message: the one it speaks of, as it was last seen.
    """

    receipt: Receipt
    parked_id: int | None = None
    wait_s: float | None = None
    fate: Fate = Fate.PARKED
    message: Message | None = None


class SqlReceiptLog:
    """Parked receipts are rows of ``sms_parked_receipts``; see ``ReceiptLog``."""

    def __init__(
        self, commits: GroupCommit, changes: Changes, telemetry: Telemetry = SILENT
    ) -> None:
        """Write through ``commits``; ``changes`` are the database's way to do it."""
        self._commits = commits
        self._changes = changes
        self._telemetry = telemetry

    async def record(self, receipt: Receipt) -> Fate:
        """Apply a receipt, or park it; see ``ReceiptLog.record``."""
        return await self._run(_Case(receipt))

    async def claim(self, limit: int, lease_s: float) -> Sequence[Parked]:
        """Take parked receipts; see ``ReceiptLog.claim``."""
        return await self._commits.run(self._claim, (limit, lease_s))

    async def settle(self, parked: Parked, receipt: Receipt, wait_s: float) -> Fate:
        """Apply a parked receipt; see ``ReceiptLog.settle``."""
        return await self._run(_Case(receipt, parked.id, wait_s))

    async def put_off(self, parked: Parked, wait_s: float) -> None:
        """Have a parked receipt be due later; see ``ReceiptLog.put_off``."""
        await self._commits.run(self._put_off, (parked.id, wait_s))

    async def drop(self, parked: Parked) -> None:
        """Throw a parked receipt away; see ``ReceiptLog.drop``."""
        await self._commits.run(_drop, parked.id)

    async def _run(self, case: _Case) -> Fate:
        fate = await self._commits.run(self._deal_with, case, _WEIGHT)
        if fate is Fate.APPLIED and case.message is not None:
            self._telemetry.reported(case.receipt, case.message)
        return fate

    def _deal_with(self, connection: sa.Connection, cases: Sequence[_Case]) -> Sequence[Fate]:
        """Apply what can be applied, a receipt for a message at a time, and park the rest."""
        for case in cases:
            case.fate = Fate.PARKED
        left: Sequence[_Case] = cases
        while left:
            changes = _judge(connection, left)
            made = self._changes.make(connection, [change for _, change in changes])
            for (case, _), done in zip(changes, made, strict=True):
                case.fate = Fate.APPLIED if done else Fate.PARKED
            waiting = [case for case in left if case.fate is Fate.PARKED]
            # Only where a message was changed may the others about it be judged anew.
            left = waiting if any(made) else ()
        self._file(connection, cases)
        return [case.fate for case in cases]

    def _file(self, connection: sa.Connection, cases: Sequence[_Case]) -> None:
        """Park what has to wait, and throw away what was parked and is done with.

        Processes may be at the same receipts: all of them go by digest and then by id, or two would
        wait for each other. What is thrown away comes last, as its digest is waited for until then.
        """
        waiting = [case for case in cases if case.fate is Fate.PARKED]
        if waiting:
            self._park(connection, waiting)
        _drop(connection, [c.parked_id for c in cases if c.fate is not Fate.PARKED and c.parked_id])

    def _park(self, connection: sa.Connection, waiting: Sequence[_Case]) -> None:
        now = self._changes.now(connection)
        new = [_parked(case, now) for case in waiting if case.parked_id is None]
        if new:
            in_order = sorted(new, key=itemgetter("digest"))
            connection.execute(insert_new(connection, parked_table), in_order)
        old = [(c.parked_id, c.wait_s or 0.0) for c in waiting if c.parked_id is not None]
        _delay(connection, old, now)

    def _put_off(
        self, connection: sa.Connection, items: Sequence[tuple[int, float]]
    ) -> Sequence[None]:
        _delay(connection, items, self._changes.now(connection))
        return [None] * len(items)

    def _claim(
        self, connection: sa.Connection, items: Sequence[tuple[int, float]]
    ) -> Sequence[Sequence[Parked]]:
        now = self._changes.now(connection)
        return [_claimed(connection, limit, lease_s, now) for limit, lease_s in items]


def _judge(connection: sa.Connection, cases: Sequence[_Case]) -> list[tuple[_Case, Change]]:
    """Judge receipts; return the changes they make, one for each message."""
    found = matches(connection, [case.receipt for case in cases])
    changes: dict[Any, tuple[_Case, Change]] = {}
    for case, message in zip(cases, found, strict=True):
        case.message = message
        verdict = judge(case.receipt, message)
        if isinstance(verdict, Fate):
            case.fate = verdict
        elif message is not None and message.id not in changes:
            changes[message.id] = case, Change(case.receipt, message, verdict)
    return list(changes.values())


def _parked(case: _Case, now: datetime) -> dict[str, Any]:
    wait_s = first_wait_s(case.receipt, case.message)
    return parked_row(case.receipt) | {"due_at": now + timedelta(seconds=wait_s)}


def _delay(connection: sa.Connection, items: Sequence[tuple[int, float]], now: datetime) -> None:
    rows = [
        {"of_id": id_, "then": now + timedelta(seconds=wait_s)} for id_, wait_s in sorted(items)
    ]
    if rows:
        connection.execute(_PUT_OFF, rows)


def _drop(connection: sa.Connection, items: Sequence[int]) -> Sequence[None]:
    if items:
        connection.execute(_DROP, [{"of_id": parked_id} for parked_id in sorted(items)])
    return [None] * len(items)


def _claimed(
    connection: sa.Connection, limit: int, lease_s: float, now: datetime
) -> Sequence[Parked]:
    due = (
        sa.select(parked_table)
        .where(parked_table.c.due_at <= now)
        .order_by(parked_table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(due).all()
    _delay(connection, [(row.id, lease_s) for row in rows], now)
    found = matches(connection, [to_receipt(row) for row in rows])
    return [to_parked(row, message) for row, message in zip(rows, found, strict=True)]
