"""The outbox in a dictionary, with the rules of the real ones."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID, uuid4

from application.errors import StorageUnavailableError
from application.ports.outbox import (
    Claim,
    Claimed,
    ClaimRequest,
    Lane,
    Lease,
    NewMessage,
    Settlement,
    SweepReport,
)
from application.ports.repositories import StoredMessage
from application.ports.system import Clock
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Failure, MessageStatus
from domain.phone import Phone
from domain.request import Request
from tests.fakes.idempotency import MemoryIdempotency
from tests.fakes.provider_states import MemoryProviderStates
from tests.fakes.rows import Happening, Row
from tests.fakes.system import FixedClock

_S = MessageStatus
_IN_DOUBT = Failure("unconfirmed", "The process that was sending it is gone.")
_TOO_LATE = Failure("expired", "It was not sent in time.")
_AT_ONCE = 1000


@dataclass(slots=True)
class MemoryOutbox:
    """Messages in a dictionary.

    Attributes:
        journal: every accepted and settled phone, in order.
        away_at: the numbers of the calls of ``accept``, counted from 0, that fail.
        settles_away: how many calls of ``settle`` fail before one works.
        clock: what the database takes for the time.
        owner: the process whose outbox this is; leases of any other are those of a process gone.
        away: the database cannot be reached.
    """

    journal: list[Happening] = field(default_factory=list)
    rows: dict[UUID, Row] = field(default_factory=dict)
    requests: dict[UUID, Request] = field(default_factory=dict)
    away_at: frozenset[int] = frozenset()
    settles_away: int = 0
    accepts: int = 0
    settles: int = 0
    clock: Clock = field(default_factory=FixedClock)
    states: MemoryProviderStates = None  # type: ignore[assignment]  # has the outbox's clock
    keys: MemoryIdempotency = None  # type: ignore[assignment]  # has the outbox's clock
    owner: UUID = field(default_factory=uuid4)
    bells: dict[str, asyncio.Event] = field(default_factory=dict)
    away: bool = False

    def __post_init__(self) -> None:
        """Have one clock for all that was not given."""
        if self.states is None:
            self.states = MemoryProviderStates(self.clock)
        if self.keys is None:
            self.keys = MemoryIdempotency(self.clock)

    def another(self) -> "MemoryOutbox":
        """Return the outbox of another process on the same data."""
        return replace(self, owner=uuid4())

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        number, self.accepts = self.accepts, self.accepts + 1
        await self._reach()
        if number in self.away_at:
            raise StorageUnavailableError("memory: away")
        ids = [new.message.id for new in messages]
        if len({*ids}) < len(ids) or self.rows.keys() & {*ids}:
            raise ValueError("a message is written once")
        if key is not None and not self.keys.write(key, None if request is None else request.id):
            return False
        if request is not None:
            self.requests[request.id] = request
        for new in messages:
            self._insert(new)
        self._ring(new.message.provider for new in messages if new.message.status is _S.QUEUED)
        return True

    async def claim(self, want: ClaimRequest) -> Claim:
        await self._reach()
        now, state = self.clock.now(), self.states.state(want.provider)
        waiting = self._queued(want.provider)
        if not waiting:
            return Claim((), None)
        if state.paused_s or (state.open and not want.probe):
            return Claim((), max(state.paused_s, state.retry_s or 0.0))
        due = [
            row for row in waiting if row.due_at <= now and row.message.terms.priority in want.lanes
        ]
        due.sort(key=lambda row: (want.lanes.index(row.message.terms.priority), row.due_at))
        limit = min(want.limit, 1) if want.probe else want.limit
        claimed = [self._start(row, slot, want) for row, slot in self._slots(due, want, limit)]
        return Claim(claimed, self._wait(want))

    async def claim_doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        return await self._claim_asked(_S.UNKNOWN, want)

    async def claim_silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        return await self._claim_asked(_S.SUBMITTED, want)

    async def _claim_asked(self, status: MessageStatus, want: ClaimRequest) -> Sequence[Claimed]:
        await self._reach()
        now = self.clock.now()
        due = [
            (row.lookup_at, row)
            for row in self.rows.values()
            if row.message.status is status
            and row.message.provider == want.provider
            and row.lookup_at is not None
            and row.lookup_at <= now
        ]
        due.sort(key=lambda pair: pair[0])
        asked = replace(want, provider=f"{want.provider}:lookup")
        taken = self._slots([row for _, row in due], asked, want.limit, by_segment=False)
        return [self._ask(row, slot, want) for row, slot in taken]

    async def settle(self, settlement: Settlement) -> bool:
        self.settles += 1
        await self._reach()
        if self.settles <= self.settles_away:
            raise StorageUnavailableError("memory: away")
        row = self.rows.get(settlement.message.id)
        if row is None:
            return False
        renewed = settlement.renewed
        if renewed is not None and row.token == renewed.token:
            return True
        if row.token != settlement.lease.token:
            return False
        if row.settled:
            return True
        if row.message.status not in (settlement.was, _S.UNKNOWN):
            return False
        self._settle(row, settlement)
        return True

    async def release(self, leases: Sequence[Lease]) -> None:
        await self._reach()
        for lease in leases:
            row = self.rows.get(lease.message_id)
            if row is not None and row.token == lease.token and row.message.status is _S.SENDING:
                row.write(row.message.put_back(self.clock.now()))
                row.lease(None, None)
                self._ring([row.message.provider])

    async def cancel(self, message_id: UUID, event: Event) -> bool:
        await self._reach()
        row = self.rows.get(message_id)
        if row is None or row.message.status is not _S.QUEUED or row.message.resends:
            return False
        row.write(row.message.moved(_S.CANCELED, event.at, row.message.failure), event)
        return True

    async def divert(self, provider: str, avoid: frozenset[str]) -> int:
        await self._reach()
        now, moved = self.clock.now(), 0
        for row in [row for row in self._queued(provider) if row.due_at <= now][:_AT_ONCE]:
            to = next((code for code in row.message.terms.route if code not in avoid), provider)
            if to != provider:
                event = Event(at=now, name=EventName.ROUTED, provider=to)
                row.write(replace(row.message, provider=to, updated_at=now), event)
                self._ring([to])
                moved += 1
        return moved

    async def sweep(self) -> SweepReport:
        await self._reach()
        now = self.clock.now()
        gone = [*islice(self._of_processes_gone(), _AT_ONCE)]
        late = [row for row in self.rows.values() if row.is_late(now)][:_AT_ONCE]
        for row in gone:
            row.end(_S.UNKNOWN, now, EventName.UNKNOWN, _IN_DOUBT)
            row.lookup_at = now
        for row in late:
            row.end_unsent(now, _TOO_LATE)
        resent = sum(row.message.status is _S.UNKNOWN for row in late)
        return SweepReport(in_doubt=len(gone) + resent, expired=len(late) - resent)

    async def backlog(self, providers: Sequence[str]) -> Mapping[Lane, float]:
        await self._reach()
        now = self.clock.now()
        ages: dict[Lane, float] = {}
        for row in (row for provider in providers for row in self._queued(provider)):
            lane = (row.message.provider, row.message.terms.priority)
            age = (now - row.due_at).total_seconds()
            if age >= 0:
                ages[lane] = max(age, ages.get(lane, 0.0))
        return ages

    async def wait_ready(self, provider: str, timeout_s: float) -> bool:
        bell = self.bells.setdefault(provider, asyncio.Event())
        try:
            await asyncio.wait_for(bell.wait(), timeout_s)
        except TimeoutError:
            return False
        bell.clear()
        return True

    def message(self, phone: str) -> StoredMessage:
        """Return the one message to a phone."""
        recipient = Phone.parse(phone)
        (found,) = (r.stored for r in self.rows.values() if r.message.recipient == recipient)
        return found

    def _insert(self, new: NewMessage) -> None:
        message = new.message
        row = self.rows[message.id] = Row.of(new)
        if new.lease is not None:
            row.lease(self.owner, new.lease.token)
        self.journal.append((f"accept {message.status}", message.recipient.msisdn))

    def _start(self, row: Row, slot: float, want: ClaimRequest) -> Claimed:
        row.write(row.message.started(self.clock.now()))
        row.lease(self.owner, uuid4())
        return row.claimed(want.lease_s, slot)

    def _ask(self, row: Row, slot: float, want: ClaimRequest) -> Claimed:
        row.write(replace(row.message, lookups=row.message.lookups + 1))
        row.lease(self.owner, uuid4())
        row.lookup_at = self._in(want.lease_s)
        return row.claimed(want.lease_s, slot)

    def _slots(
        self, rows: Iterable[Row], want: ClaimRequest, limit: int, *, by_segment: bool = True
    ) -> Iterator[tuple[Row, float]]:
        """Go through the rows for which there is a slot within the horizon."""
        for row in islice(rows, limit):
            cost = row.segments.count if by_segment else 1
            slot = self.states.take(want.provider, cost * want.spacing_s, want.horizon_s)
            if slot is None:
                return
            yield row, slot

    def _wait(self, want: ClaimRequest) -> float | None:
        waiting = [row.due_at for row in self._queued(want.provider)]
        if not waiting:
            return None
        until_due = (min(waiting) - self.clock.now()).total_seconds()
        return max(0.0, until_due, self.states.until_free(want.provider))

    def _settle(self, row: Row, settlement: Settlement) -> None:
        message, wait_s, renewed = settlement.message, settlement.wait_s, settlement.renewed
        row.settled, row.lookup_at = True, None
        if renewed is not None:
            row.lease(self.owner, renewed.token)
        elif message.status is _S.QUEUED:
            message = replace(message, due_at=self._in(wait_s or 0.0))
        elif message.status in {_S.UNKNOWN, _S.SUBMITTED} and wait_s is not None:
            row.lookup_at = self._in(wait_s)
        row.write(message, *settlement.events)
        self.journal.append(("settle", message.recipient.msisdn))
        if message.status is _S.QUEUED:
            self._ring([message.provider])

    def _queued(self, provider: str) -> list[Row]:
        return [
            row
            for row in self.rows.values()
            if row.message.status is _S.QUEUED and row.message.provider == provider
        ]

    def _of_processes_gone(self) -> Iterator[Row]:
        for row in self.rows.values():
            if row.message.status is _S.SENDING and row.owner != self.owner:
                yield row

    def _in(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)

    def _ring(self, providers: Iterable[str]) -> None:
        for provider in providers:
            self.bells.setdefault(provider, asyncio.Event()).set()

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise StorageUnavailableError("memory: away")
