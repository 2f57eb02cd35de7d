"""The outbox on SQLite: one process, one writer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from adapters.persistence.bell import Bell
from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.rows import key_row, message_row, request_row, settled_row
from adapters.persistence.sqlite_claims import SqliteClaims
from adapters.persistence.sqlite_history import record
from adapters.persistence.sqlite_outbox_statements import (
    CANCEL,
    KEYS,
    MESSAGES,
    OLDEST,
    RELEASE,
    REQUESTS,
    SETTLE,
    TOKENS,
)
from adapters.persistence.sqlite_upkeep import SqliteUpkeep
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
from application.ports.system import Clock, Ids
from domain.event import Event
from domain.idempotency import IdempotencyKey
from domain.message import MessageStatus
from domain.request import Request
from domain.terms import Priority

_Acceptance = tuple[Sequence[NewMessage], Request | None, IdempotencyKey | None]


class SqliteOutbox:
    """Messages are rows of ``sms_messages``; see ``Outbox``.

    A settled row keeps its token and loses its owner: a settlement that is repeated, because the
    answer to its commit was lost, is then recognised as done.
    """

    def __init__(  # noqa: PLR0913 - what it writes with
        self,
        commits: GroupCommit,
        owner: UUID,
        bell: Bell,
        clock: Clock,
        ids: Ids,
        *,
        announced: bool = False,
    ) -> None:
        """Write through ``commits``.

        Args:
            commits: the one writer of this process.
            owner: this start of the process; messages it was sending are in doubt once it is gone.
            bell: rung when messages were queued.
            clock: what the time is: the database has none of its own.
            ids: the tokens of leases.
            announced: webhooks are made of what happens.
        """
        self._commits = commits
        self._owner = owner
        self._bell = bell
        self._clock = clock
        self._claims = SqliteClaims(owner, clock, ids)
        self._upkeep = SqliteUpkeep(owner, clock, announced=announced)
        self._announced = announced

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        """Write messages and their request; see ``Outbox.accept``."""
        item = (messages, request, key)
        written = await self._commits.run(self._accept, item, len(messages))
        if written:
            queued = (new.message for new in messages if new.lease is None)
            self._ring({m.provider for m in queued if m.status is MessageStatus.QUEUED})
        return written

    async def claim(self, want: ClaimRequest) -> Claim:
        """Take messages that are due; see ``Outbox.claim``."""
        return await self._commits.run(self._claims.claim, want)

    async def claim_doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take messages to look up; see ``Outbox.claim_doubts``."""
        return await self._commits.run(self._claims.claim_doubts, want)

    async def claim_silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take messages no receipt came for; see ``Outbox.claim_silent``."""
        return await self._commits.run(self._claims.claim_silent, want)

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to; see ``Outbox.settle``."""
        settled = await self._commits.run(self._settle, settlement)
        message = settlement.message
        if settled and message.status is MessageStatus.QUEUED:
            self._bell.ring(message.provider)
        return settled

    async def release(self, leases: Sequence[Lease]) -> None:
        """Put messages back; see ``Outbox.release``."""
        self._ring(await self._commits.run(self._release, leases))

    async def cancel(self, message_id: UUID, event: Event) -> bool:
        """Cancel a message; see ``Outbox.cancel``."""
        return await self._commits.run(self._cancel, (message_id, event))

    async def divert(self, provider: str, avoid: frozenset[str]) -> int:
        """Lead messages around a provider; see ``Outbox.divert``."""
        moved = await self._commits.run(self._upkeep.divert, (provider, avoid))
        self._ring({*moved})
        return len(moved)

    async def sweep(self) -> SweepReport:
        """Find what lies about; see ``Outbox.sweep``."""
        return await self._commits.run(self._upkeep.sweep, None)

    async def backlog(self, providers: Sequence[str]) -> Mapping[Lane, float]:
        """Return how overdue each lane is; see ``Outbox.backlog``."""
        return await self._commits.run(self._backlog, providers)

    async def wait_ready(self, provider: str, timeout_s: float) -> bool:
        """Wait for messages; see ``Outbox.wait_ready``."""
        return await self._bell.wait(provider, timeout_s)

    def _ring(self, providers: set[str]) -> None:
        for provider in providers:
            self._bell.ring(provider)

    def _accept(self, connection: sa.Connection, items: Sequence[_Acceptance]) -> Sequence[bool]:
        now = self._clock.now()
        fresh = [self._is_fresh(connection, item, now) for item in items]
        news = [item for item, new in zip(items, fresh, strict=True) if new]
        REQUESTS.run(connection, [request_row(r) for _, r, _ in news if r is not None])
        accepted = [new for messages, _, _ in news for new in messages]
        MESSAGES.run(connection, [message_row(new, self._owner, now) for new in accepted])
        histories = [(new.message.id, new.events) for new in accepted if new.events]
        record(connection, histories, announced=self._announced)
        return fresh

    def _is_fresh(self, connection: sa.Connection, item: _Acceptance, now: datetime) -> bool:
        """Write an item's key; tell whether it is new, or there is none."""
        _, request, key = item
        if key is None:
            return True
        row = key_row(key, None if request is None else request.id, self._owner, now)
        return KEYS.each(connection, [row]) == [True]

    def _settle(self, connection: sa.Connection, items: Sequence[Settlement]) -> Sequence[bool]:
        now = self._clock.now()
        rows = [settled_row(item, self._owner, now) for item in items]
        changed = SETTLE.each(connection, rows)
        done = [item for item, new in zip(items, changed, strict=True) if new]
        histories = [(item.message.id, item.events) for item in done]
        record(connection, histories, announced=self._announced)
        return changed if all(changed) else _recognised(connection, items, changed)

    def _release(
        self, connection: sa.Connection, items: Sequence[Sequence[Lease]]
    ) -> Sequence[set[str]]:
        now = self._clock.now()
        return [{p for lease in item for p in _released(connection, lease, now)} for item in items]

    def _cancel(
        self, connection: sa.Connection, items: Sequence[tuple[UUID, Event]]
    ) -> Sequence[bool]:
        rows = [{"of_id": message_id, "now": event.at} for message_id, event in items]
        changed = CANCEL.each(connection, rows)
        ended = [item for item, new in zip(items, changed, strict=True) if new]
        histories = [(message_id, [event]) for message_id, event in ended]
        record(connection, histories, announced=self._announced)
        return changed

    def _backlog(
        self, connection: sa.Connection, items: Sequence[Sequence[str]]
    ) -> Sequence[dict[Lane, float]]:
        now = self._clock.now()
        return [_overdue(connection, providers, now) for providers in items]


def _recognised(
    connection: sa.Connection, items: Sequence[Settlement], changed: Sequence[bool]
) -> Sequence[bool]:
    """Tell settlements that were written before from those whose lease was lost."""
    asked = [item.message.id.hex for item, new in zip(items, changed, strict=True) if not new]
    found = TOKENS.all(connection, {"ids": msgspec.json.encode(asked).decode()})
    tokens = {row.id: row.lease_token for row in found}
    return [
        new or tokens.get(item.message.id) == (item.renewed or item.lease).token
        for item, new in zip(items, changed, strict=True)
    ]


def _released(connection: sa.Connection, lease: Lease, now: datetime) -> list[str]:
    held = {"of_id": lease.message_id, "of_token": lease.token, "now": now}
    return [row.provider for row in RELEASE.all(connection, held)]


def _overdue(
    connection: sa.Connection, providers: Sequence[str], now: datetime
) -> dict[Lane, float]:
    found = {
        (provider, priority): OLDEST.first(
            connection, {"of_provider": provider, "of_priority": priority}
        ).due_at
        for provider in providers
        for priority in Priority
    }
    return {
        lane: (now - due_at).total_seconds()
        for lane, due_at in found.items()
        if due_at is not None and due_at <= now
    }
