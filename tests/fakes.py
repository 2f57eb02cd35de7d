"""In-memory ports, and a provider that says what it is told to."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from application.errors import StorageUnavailableError
from application.ports.outbox import NewMessage, Settlement
from application.ports.repositories import StoredMessage
from domain.blacklist import BlacklistEntry
from domain.event import Event, EventName
from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome
from domain.phone import Phone
from domain.request import Request
from domain.text_limit import TextLimit

NOW = datetime(2026, 11, 23, 6, 34, 43, tzinfo=UTC)

Happening = tuple[str, str]
"""What was done, and to which phone; a journal is shared by fakes to show an order."""


class FixedClock:
    """A clock that moves when it is told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at
        self.seconds = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds


class CountingIds:
    """1, 2, 3 …"""

    def __init__(self) -> None:
        self.given = 0

    def new(self) -> UUID:
        self.given += 1
        return UUID(int=self.given)


class PlainNumbering:
    """Every E.164 number exists."""

    def read(self, text: str) -> Phone:
        return Phone.parse(text)


@dataclass(slots=True)
class Row:
    """A message as it is kept."""

    stored: StoredMessage
    token: UUID | None
    settled: bool = False


@dataclass(slots=True)
class MemoryOutbox:
    """Messages in a dictionary.

    Attributes:
        journal: every accepted and settled phone, in order.
        away_at: the numbers of the calls of ``accept``, counted from 0, that fail.
        settles_away: how many calls of ``settle`` fail before one works.
    """

    journal: list[Happening] = field(default_factory=list)
    rows: dict[UUID, Row] = field(default_factory=dict)
    requests: dict[UUID, Request] = field(default_factory=dict)
    away_at: frozenset[int] = frozenset()
    settles_away: int = 0
    accepts: int = 0
    settles: int = 0

    async def accept(self, messages: Sequence[NewMessage], request: Request | None = None) -> None:
        number, self.accepts = self.accepts, self.accepts + 1
        await asyncio.sleep(0)
        if number in self.away_at:
            raise StorageUnavailableError("memory: away")
        if any(new.message.id in self.rows for new in messages):
            raise ValueError("a message is written once")
        if request is not None:
            self.requests[request.id] = request
        for new in messages:
            message = new.message
            accepted = Event(at=message.created_at, name=EventName.ACCEPTED)
            history = (accepted, *new.events)
            stored = StoredMessage(message, new.segments.encoding, new.segments.count, history)
            self.rows[message.id] = Row(stored, None if new.lease is None else new.lease.token)
            self.journal.append((f"accept {message.status}", message.recipient.msisdn))

    async def settle(self, settlement: Settlement) -> bool:
        self.settles += 1
        await asyncio.sleep(0)
        if self.settles <= self.settles_away:
            raise StorageUnavailableError("memory: away")
        row = self.rows.get(settlement.message.id)
        if row is None or row.token != settlement.lease.token:
            return False
        if not row.settled:
            row.settled = True
            history = (*row.stored.history, *settlement.events)
            row.stored = replace(row.stored, message=settlement.message, history=history)
            self.journal.append(("settle", settlement.message.recipient.msisdn))
        return True

    def message(self, phone: str) -> StoredMessage:
        """Return the one message to a phone."""
        (found,) = (r.stored for r in self.rows.values() if r.stored.message.recipient == _p(phone))
        return found


def _p(phone: str) -> Phone:
    return Phone.parse(phone)


class MemoryMessages:
    """The read side of a ``MemoryOutbox``."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def message(self, message_id: UUID) -> StoredMessage | None:
        row = self._outbox.rows.get(message_id)
        return None if row is None else row.stored

    async def request(self, request_id: UUID) -> Request | None:
        return self._outbox.requests.get(request_id)

    async def of_request(
        self, request: Request, *, after: UUID | None, limit: int
    ) -> Sequence[StoredMessage]:
        found = [
            replace(row.stored, history=())
            for message_id, row in sorted(self._outbox.rows.items())
            if row.stored.message.request_id == request.id and (after is None or message_id > after)
        ]
        return found[:limit]


class MemoryBlacklist:
    """A blacklist in a dictionary."""

    def __init__(self, phones: Iterable[str] = ()) -> None:
        entries = (BlacklistEntry(Phone.parse(phone), NOW) for phone in phones)
        self.entries = {entry.phone: entry for entry in entries}
        self.asked: list[int] = []

    async def add(self, entry: BlacklistEntry) -> None:
        self.entries.setdefault(entry.phone, entry)

    async def remove(self, phone: Phone) -> None:
        self.entries.pop(phone, None)

    async def find(self, phone: Phone) -> BlacklistEntry | None:
        return self.entries.get(phone)

    async def listed(self, phones: Sequence[Phone]) -> frozenset[Phone]:
        self.asked.append(len(phones))
        return frozenset(phones) & self.entries.keys()


class ScriptedProvider:
    """Sends nothing; answers what it is told to.

    Attributes:
        journal: every submitted phone, and its answer, in order.
        submitted: the messages it was handed, as they were.
        most: how many submissions were under way at once, at most.
    """

    def __init__(
        self,
        answer: Callable[[Message], SubmitOutcome] = lambda _: Accepted("1"),
        *,
        journal: list[Happening] | None = None,
        limit: int = 1000,
    ) -> None:
        self._answer = answer
        self._limit = TextLimit(characters=limit)
        self.journal = [] if journal is None else journal
        self.submitted: list[Message] = []
        self.most = 0
        self._under_way = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def check_text(self, text: str) -> None:
        self._limit.check(text)

    def check_speech(self, text: str) -> None:
        self._limit.check(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        self.journal.append(("submit", message.recipient.msisdn))
        self.submitted.append(message)
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(0)
            await self.gate.wait()
            return self._answer(message)
        finally:
            self._under_way -= 1

    async def place(self, call: Message) -> SubmitOutcome:
        return await self.submit(call)
