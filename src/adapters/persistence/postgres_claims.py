"""How messages are claimed on PostgreSQL, and when it is worth asking again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.postgres_claim_statements import ClaimStatements
from adapters.persistence.postgres_connection import OneByOne, Parameters, rows
from adapters.persistence.postgres_rows import claimed
from application.errors import StorageUnavailableError
from application.ports.outbox import Claim, Claimed, ClaimRequest
from application.ports.system import Ids

A_LITTLE_S = 0.01
"""What is due, and yet not to be had, is in somebody else's hands; not for long."""
UNPROBED_S = 0.2
"""Until it is asked again where a circuit may be probed, but not by the one who asked."""


class PostgresClaims:
    """Takes messages, and questions about messages, for one process."""

    def __init__(self, statements: ClaimStatements, turns: OneByOne, owner: UUID, ids: Ids) -> None:
        self._statements = statements
        self._turns = turns
        self._owner = owner
        self._ids = ids
        self._known: set[str] = set()
        self._lost: set[UUID] = set()

    async def messages(self, want: ClaimRequest) -> Claim:
        """Take messages that are due; see ``Outbox.claim``."""
        limit = min(want.limit, 1) if want.probe else want.limit
        parameters = self._parameters(want, want.provider, limit)
        await self.undo()
        await self._know(want.provider)
        try:
            found, outlook = await self._turns.run(lambda c: self._take(c, want, parameters))
        except StorageUnavailableError:
            self._lost.add(parameters["token"])
            raise
        if outlook:
            return Claim(claimed(found, want.lease_s), _wait_s(outlook[0], want))
        if len(found) < limit:  # somebody has deleted the row
            self._known.discard(want.provider)
        return Claim(claimed(found, want.lease_s), 0.0)

    async def undo(self) -> None:
        """Put back what was claimed, perhaps, where the answer did not arrive: nobody sends it.

        Raises:
            StorageUnavailableError: the database is still away.
        """
        if self._lost:
            lost = [*self._lost]
            statement = self._statements.undo
            await self._turns.run(lambda c: c.exec_driver_sql(statement, {"tokens": lost}))
            self._lost.difference_update(lost)

    async def doubts(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take unknown messages to ask about; see ``Outbox.claim_doubts``."""
        statements = self._statements
        return await self._asked(want, statements.doubts, statements.doubts_at_rate)

    async def silent(self, want: ClaimRequest) -> Sequence[Claimed]:
        """Take messages no receipt came for; see ``Outbox.claim_silent``."""
        statements = self._statements
        return await self._asked(want, statements.silent, statements.silent_at_rate)

    async def _asked(self, want: ClaimRequest, statement: str, at_rate: str) -> Sequence[Claimed]:
        state = f"{want.provider}:lookup"
        await self._know(state)
        statement = at_rate if want.spacing_s else statement
        found = await self._turns.rows(statement, self._parameters(want, state, want.limit))
        return claimed(found, want.lease_s)

    async def _know(self, state: str) -> None:
        """See to it that there is a row to claim by."""
        if state not in self._known:
            await self._turns.run(
                lambda c: c.exec_driver_sql(self._statements.know, {"state": state})
            )
            self._known.add(state)

    def _parameters(self, want: ClaimRequest, state: str, limit: int) -> Parameters:
        return {
            "provider": want.provider,
            "state": state,
            "limit": limit,
            "lease_s": want.lease_s,
            "spacing_s": want.spacing_s,
            "horizon_s": want.horizon_s,
            "lanes": [int(lane) for lane in want.lanes],
            "probe": want.probe,
            "token": self._ids.new(),
            "owner": self._owner,
        }

    def _take(
        self, connection: sa.Connection, want: ClaimRequest, parameters: Parameters
    ) -> tuple[list[sa.Row[Any]], list[sa.Row[Any]]]:
        """Claim; where that was not all that was asked for, look what comes next."""
        at_rate = self._statements.messages_at_rate
        statement = at_rate if want.spacing_s else self._statements.messages
        found = rows(connection, statement, parameters)
        if len(found) >= parameters["limit"]:
            return found, []
        return found, rows(connection, self._statements.outlook, parameters)


def _wait_s(outlook: sa.Row[Any], want: ClaimRequest) -> float | None:
    """Tell when it is worth asking again.

    Where the rate is the limit that is when half of the horizon is free again: a slot at a time
    would be a claim for every message, and the other half is still being worked off.
    """
    if outlook.due_s is None:
        return None
    slot_s = outlook.slot_s - want.horizon_s / 2 if want.spacing_s else 0.0
    least_s = A_LITTLE_S
    if outlook.retry_s is not None and not want.probe:
        least_s = max(UNPROBED_S, outlook.retry_s)
    wait_s: float = max(least_s, outlook.due_s, outlook.paused_s, slot_s)
    return wait_s
