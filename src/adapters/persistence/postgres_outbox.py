"""The outbox on PostgreSQL: every operation is one statement, and so one transaction."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit, TryAloneError
from adapters.persistence.postgres_bell import PostgresBell
from adapters.persistence.postgres_claim_statements import ClaimStatements
from adapters.persistence.postgres_claims import PostgresClaims
from adapters.persistence.postgres_connection import Autocommit, OneByOne, rows
from adapters.persistence.postgres_rows import (
    Acceptance,
    accepted,
    keyed_by,
    settled,
    to_json,
)
from adapters.persistence.postgres_statements import Statements
from adapters.persistence.sentences import DIVERTED, IN_DOUBT, LATE_AGAIN
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
from application.ports.system import Ids
from application.ports.telemetry import SILENT, Telemetry
from application.send_report import EXPIRED
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import MessageStatus
from domain.request import Request
from domain.terms import Priority


class PostgresOutbox:
    """Messages are rows of ``sms_messages``; see ``Outbox``.

    Accepting, settling and everything else have a connection each: a settlement never waits behind
    a thousand new messages. A settled row keeps its token and loses its owner, so that a settlement
    repeated because the answer to its commit was lost is recognised as done. An acceptance is
    repeated here: a caller who is told that it failed would have the messages sent twice.
    """

    def __init__(  # noqa: PLR0913 - what it writes with
        self,
        engine: AsyncEngine,
        schema: str,
        owner: UUID,
        bell: PostgresBell,
        ids: Ids,
        *,
        announced: bool = False,
        telemetry: Telemetry = SILENT,
    ) -> None:
        """Write through an engine.

        Args:
            engine: three of its connections are kept, and a fourth once one of them broke.
            schema: where the tables are.
            owner: this start of the process.
            bell: rung for what is queued.
            ids: for the tokens of leases.
            announced: webhooks are made of what happens.
            telemetry: hears how many shared a transaction.
        """
        self._statements = Statements(schema, announced=announced)
        self._owner = owner
        self._bell = bell
        self._accepting = GroupCommit(Autocommit(engine), telemetry)
        self._repeating = GroupCommit(Autocommit(engine), telemetry)
        self._settling = GroupCommit(Autocommit(engine), telemetry)
        self._turns = OneByOne(Autocommit(engine))
        self._claims = PostgresClaims(ClaimStatements(schema), self._turns, owner, ids)

    async def close(self) -> None:
        """Write what waits, then give the connections back."""
        await self._accepting.close()
        await self._repeating.close()
        await self._settling.close()
        with suppress(StorageUnavailableError):
            await self._claims.undo()
        await self._turns.close()

    async def accept(
        self,
        messages: Sequence[NewMessage],
        request: Request | None = None,
        key: IdempotencyKey | None = None,
    ) -> bool:
        """Write messages and their request; see ``Outbox.accept``."""
        item, weight = (messages, request, key), len(messages)
        try:
            written = await self._accepting.run(self._accept, item, weight)
        except StorageUnavailableError:
            written = await self._repeating.run(self._accept_again, item, weight)
        if written:
            queued = (new.message for new in messages if new.message.status is MessageStatus.QUEUED)
            self._ring(message.provider for message in queued)
        return written

    async def settle(self, settlement: Settlement) -> bool:
        """Write what an attempt came to; see ``Outbox.settle``."""
        written = await self._settling.run(self._settle, settlement)
        if written and settlement.message.status is MessageStatus.QUEUED:
            self._bell.ring(settlement.message.provider)
        return written

    async def claim(self, want: ClaimRequest) -> Claim:
        """Take messages that are due; see ``Outbox.claim``."""
        claiming = asyncio.ensure_future(self._claims.messages(want))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # Left alone they would be in doubt once their leases ran out.
            with suppress(StorageUnavailableError):
                claim = await claiming
                await self.release([claimed.lease for claimed in claim.claimed])
            raise

    async def claim_doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take unknown messages to ask about; see ``Outbox.claim_doubts``."""
        return await self._claims.doubts(want)

    async def claim_silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take messages no receipt came for; see ``Outbox.claim_silent``."""
        return await self._claims.silent(want)

    async def release(self, leases: Sequence[Lease]) -> None:
        """Put claimed messages back; see ``Outbox.release``."""
        if leases:
            given = to_json([{"id": lease.message_id, "token": lease.token} for lease in leases])
            found = await self._turns.rows(self._statements.release, {"rows": given})
            self._ring(row.provider for row in found)

    async def cancel(self, message_id: UUID, event: Event) -> bool:
        """Cancel a queued message; see ``Outbox.cancel``."""
        line = {**asdict(event), "name": str(event.name), "id": message_id}
        return bool(await self._turns.rows(self._statements.cancel, line))

    async def divert(self, provider: str, avoid: frozenset[str]) -> int:
        """Move queued messages to another provider; see ``Outbox.divert``."""
        found = await self._turns.rows(
            self._statements.divert,
            {
                "provider": provider,
                "avoid": sorted(avoid | {provider}),
                "text": DIVERTED.format(provider),
            },
        )
        self._ring(row.provider for row in found)
        return sum(row.moved for row in found)

    async def sweep(self) -> SweepReport:
        """Find what lies about; see ``Outbox.sweep``."""
        await self._claims.undo()
        gone = await self._turns.rows(self._statements.doubt, {"text": IN_DOUBT.text})
        texts = {"text": EXPIRED.text, "again": LATE_AGAIN.text}
        late = await self._turns.rows(self._statements.expire, texts)
        expired = sum(row.name == EventName.EXPIRED for row in late)
        return SweepReport(in_doubt=len(gone) + len(late) - expired, expired=expired)

    async def backlog(self, providers: Sequence[str]) -> Mapping[Lane, float]:
        """Tell how far behind each lane is; see ``Outbox.backlog``."""
        asked = {"providers": [*providers], "lanes": [int(lane) for lane in Priority]}
        found = await self._turns.rows(self._statements.backlog, asked)
        return {(row.provider, Priority(row.priority)): row.age_s for row in found}

    async def wait_ready(self, provider: str, timeout_s: float) -> bool:
        """Wait until messages were queued; see ``Outbox.wait_ready``."""
        return await self._bell.wait(provider, timeout_s)

    def _ring(self, providers: Iterable[str]) -> None:
        for provider in set(providers):
            self._bell.ring(provider)

    def _accept(self, connection: sa.Connection, items: Sequence[Acceptance]) -> Sequence[bool]:
        return self._write(connection, self._statements.accept, items)

    def _accept_again(
        self, connection: sa.Connection, items: Sequence[Acceptance]
    ) -> Sequence[bool]:
        return self._write(connection, self._statements.accept_again, items)

    def _write(
        self, connection: sa.Connection, statement: str, items: Sequence[Acceptance]
    ) -> Sequence[bool]:
        parameters = {**accepted(items), "owner": self._owner}
        won = {row.request_id for row in rows(connection, statement, parameters)}
        return [key is None or keyed_by(request, key) in won for _, request, key in items]

    def _settle(self, connection: sa.Connection, items: Sequence[Settlement]) -> Sequence[bool]:
        if len({item.message.id for item in items}) < len(items):
            raise TryAloneError
        found = rows(connection, self._statements.settle, settled(items))
        done = {row.n: row.written or row.already for row in found}
        return [done[n] for n in range(len(items))]
