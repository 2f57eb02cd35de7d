"""How messages are claimed on SQLite: the writer is alone, so it looks and then takes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from adapters.persistence.bulk import Query
from adapters.persistence.rows import Row, to_message, to_request
from adapters.persistence.slots import LONG_AGO, Pace, left_s
from adapters.persistence.sqlite_claim_statements import (
    ASK,
    DOUBTS,
    DUE,
    NEXT,
    REQUESTS,
    SET_TAT,
    SILENT,
    START,
    STATE,
)
from application.ports.outbox import Claim, Claimed, ClaimRequest, Lease
from application.ports.system import Clock, Ids
from domain.request import Request
from domain.segments import Segments, count_segments
from domain.terms import Priority

_UNPROBED_S = 0.2
"""Until it is asked again where a circuit may be probed, but not by the one who asked."""

_Taken = tuple[Any, int]
"""A row, and the slots taken before its own."""
_Asked = tuple[Request, Segments]


class SqliteClaims:
    """Takes messages, and slots for them, within a transaction."""

    def __init__(self, owner: UUID, clock: Clock, ids: Ids) -> None:
        """Take them for ``owner``: this start of the process."""
        self._owner = owner
        self._clock = clock
        self._ids = ids

    def claim(self, connection: sa.Connection, wants: Sequence[ClaimRequest]) -> Sequence[Claim]:
        """Take what is due; see ``Outbox.claim``."""
        return [self._claim(connection, want) for want in wants]

    def claim_doubts(
        self, connection: sa.Connection, wants: Sequence[ClaimRequest]
    ) -> Sequence[Sequence[Claimed]]:
        """Take what is to be looked up; see ``Outbox.claim_doubts``."""
        return [self._claim_asked(connection, DOUBTS, want) for want in wants]

    def claim_silent(
        self, connection: sa.Connection, wants: Sequence[ClaimRequest]
    ) -> Sequence[Sequence[Claimed]]:
        """Take what no receipt came for; see ``Outbox.claim_silent``."""
        return [self._claim_asked(connection, SILENT, want) for want in wants]

    def _claim(self, connection: sa.Connection, want: ClaimRequest) -> Claim:
        now = self._clock.now()
        state = STATE.first(connection, {"of_provider": want.provider})
        barred_s = _barred_s(state, now, probe=want.probe)
        pace = _pace(state, now, want)
        slots = 0.0 if barred_s else pace.within(want.horizon_s)
        limit = 1 if want.probe else want.limit
        taken = list(_fitting(_due(connection, want, now, int(min(limit, slots))), slots))
        claimed = self._take(connection, START, taken, want, pace)
        if taken:
            last, before = taken[-1]
            pace = _spend(connection, want.provider, pace.after(before + last.segments))
        return Claim(claimed, _wait_s(connection, want, pace, barred_s))

    def _claim_asked(
        self, connection: sa.Connection, due: Query, want: ClaimRequest
    ) -> Sequence[Claimed]:
        now, name = self._clock.now(), f"{want.provider}:lookup"
        state = STATE.first(connection, {"of_provider": name})
        if _paused_s(state, now):
            return ()
        pace = _pace(state, now, want)
        limit = int(min(want.limit, pace.within(want.horizon_s)))
        found = due.all(connection, {"of_provider": want.provider, "now": now, "limit": limit})
        if found:
            _spend(connection, name, pace.after(len(found)))
        taken = [(row, number) for number, row in enumerate(found)]
        return self._take(connection, ASK, taken, want, pace)

    def _take(
        self,
        connection: sa.Connection,
        statement: Query,
        taken: Sequence[_Taken],
        want: ClaimRequest,
        pace: Pace,
    ) -> Sequence[Claimed]:
        """Write the leases; return the messages as they now are, each with its slot."""
        held = {
            "now": pace.now,
            "lease_owner": self._owner,
            "lease_until": pace.now + timedelta(seconds=want.lease_s),
        }
        leases = [Lease(row.id, self._ids.new(), want.lease_s) for row, _ in taken]
        rows = [
            statement.first(
                connection, {"of_id": lease.message_id, "lease_token": lease.token, **held}
            )
            for lease in leases
        ]
        known = _requests(connection, {row.request_id for row in rows})
        claimed = []
        for row, lease, (_, before) in zip(rows, leases, taken, strict=True):
            request, segments = known[row.request_id]
            message = to_message(row, request).message
            claimed.append(Claimed(message, segments, lease, pace.start_in(before)))
        return claimed


def _pace(state: Any, now: datetime, want: ClaimRequest) -> Pace:  # noqa: ANN401 - a row
    tat = LONG_AGO if state is None else state.tat
    return Pace.of(tat, now, want.spacing_s, want.horizon_s)


def _paused_s(state: Any, now: datetime) -> float:  # noqa: ANN401 - a row
    return 0.0 if state is None else left_s(state.paused_until, now)


def _barred_s(state: Any, now: datetime, *, probe: bool) -> float:  # noqa: ANN401 - a row
    """Return how long the provider is to be left alone; 0 is not at all."""
    if state is None or state.retry_at is None or probe:
        return _paused_s(state, now)
    return max(_UNPROBED_S, _paused_s(state, now), left_s(state.retry_at, now))


def _due(connection: sa.Connection, want: ClaimRequest, now: datetime, limit: int) -> list[Any]:
    rows: list[Any] = []
    for lane in want.lanes:
        if len(rows) < limit:
            left = limit - len(rows)
            rows += DUE.all(connection, _lane(want, lane) | {"now": now, "limit": left})
    return rows


def _fitting(rows: Iterable[Any], slots: float) -> Iterator[_Taken]:
    """Return those that begin in one of the slots, each with the slots before it."""
    before = 0
    for row in rows:
        if before >= slots:
            return
        yield row, before
        before += row.segments


def _spend(connection: sa.Connection, name: str, pace: Pace) -> Pace:
    if pace.spacing_s:
        new = {"provider": name, "tat": pace.tat, "paused_until": LONG_AGO}
        SET_TAT.run(connection, [new])
    return pace


def _wait_s(
    connection: sa.Connection, want: ClaimRequest, pace: Pace, barred_s: float
) -> float | None:
    """Return when it is worth asking again."""
    nexts = [NEXT.first(connection, _lane(want, lane)).due_at for lane in want.lanes]
    waiting = [due_at for due_at in nexts if due_at is not None]
    if not waiting:
        return None
    due_s = _seconds(min(waiting) - pace.now)
    return max(0.0, due_s, barred_s, pace.until(want.horizon_s))


def _seconds(span: timedelta) -> float:
    return span.total_seconds()


def _lane(want: ClaimRequest, priority: Priority) -> Row:
    return {"of_provider": want.provider, "of_priority": priority}


def _requests(connection: sa.Connection, ids: set[UUID]) -> dict[UUID, _Asked]:
    """Read the requests of messages, and how their texts travel."""
    if not ids:
        return {}
    asked = msgspec.json.encode([request_id.hex for request_id in ids]).decode()
    found = map(to_request, REQUESTS.all(connection, {"ids": asked}))
    return {request.id: (request, count_segments(request.text)) for request in found}
