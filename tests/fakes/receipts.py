"""Receipts beside a memory outbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from application.errors import StorageUnavailableError
from application.ports.receipts import Fate, Parked
from application.receipts import first_wait_s, judge
from domain.message import MessageStatus
from domain.receipt import Receipt
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.rows import Row


@dataclass(slots=True)
class MemoryReceiptLog:
    """Receipts for the messages of an outbox.

    Attributes:
        parked: those that wait, and when they are due.
        away: the database cannot be reached.
    """

    outbox: MemoryOutbox
    poll_s: float = 30.0
    parked: dict[int, tuple[Receipt, datetime]] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=lambda: count(1))
    away: bool = False

    async def record(self, receipt: Receipt) -> Fate:
        fate = self._apply(receipt)
        if fate is Fate.PARKED and not self._is_parked(receipt):
            row = self._row(receipt)
            wait_s = first_wait_s(receipt, None if row is None else row.message)
            self.parked[next(self.ids)] = receipt, self._in(wait_s)
        return fate

    async def claim(self, limit: int, lease_s: float) -> Sequence[Parked]:
        self._reach()
        now = self.outbox.clock.now()
        due = sorted((at, id_) for id_, (_, at) in self.parked.items() if at <= now)[:limit]
        for _, id_ in due:
            self._delay(id_, lease_s)
        claimed = [(id_, self.parked[id_][0]) for _, id_ in due]
        rows = [self._row(receipt) for _, receipt in claimed]
        return [
            Parked(id_, receipt, None if row is None else row.message)
            for (id_, receipt), row in zip(claimed, rows, strict=True)
        ]

    async def settle(self, parked: Parked, receipt: Receipt, wait_s: float) -> Fate:
        fate = self._apply(receipt)
        if fate is Fate.PARKED:
            self._delay(parked.id, wait_s)
        else:
            self.parked.pop(parked.id, None)
        return fate

    async def put_off(self, parked: Parked, wait_s: float) -> None:
        self._reach()
        self._delay(parked.id, wait_s)

    async def drop(self, parked: Parked) -> None:
        self._reach()
        self.parked.pop(parked.id, None)

    def _apply(self, receipt: Receipt) -> Fate:
        self._reach()
        row = self._row(receipt)
        verdict = judge(receipt, None if row is None else row.message)
        if row is None or isinstance(verdict, Fate):
            return verdict if isinstance(verdict, Fate) else Fate.PARKED
        row.write(verdict, receipt.event(verdict.updated_at))
        row.settled = True
        taken = verdict.status is MessageStatus.SUBMITTED
        row.lookup_at = self._in(self.poll_s) if taken else None
        return Fate.APPLIED

    def _is_parked(self, receipt: Receipt) -> bool:
        said = replace(receipt, text="")
        return any(replace(one, at=receipt.at, text="") == said for one, _ in self.parked.values())

    def _row(self, receipt: Receipt) -> Row | None:
        if receipt.message_id is not None:
            return self.outbox.rows.get(receipt.message_id)
        named = [
            row
            for row in self.outbox.rows.values()
            if receipt.provider_id is not None
            and (row.message.provider, row.message.provider_id)
            == (receipt.provider, receipt.provider_id)
        ]
        return max(named, key=lambda row: row.message.id, default=None)

    def _delay(self, parked_id: int, seconds: float) -> None:
        if parked_id in self.parked:
            self.parked[parked_id] = self.parked[parked_id][0], self._in(seconds)

    def _in(self, seconds: float) -> datetime:
        return self.outbox.clock.now() + timedelta(seconds=seconds)

    def _reach(self) -> None:
        if self.away or self.outbox.away:
            raise StorageUnavailableError("memory: away")
