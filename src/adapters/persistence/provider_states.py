"""The providers' states, on both databases.

On PostgreSQL the time is the server's, read once the rows are locked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.persistence.group_commit import GroupCommit
from adapters.persistence.insertion import insert_new
from adapters.persistence.reads import read
from adapters.persistence.slots import LONG_AGO, LONGEST_AWAY_S, Pace, left_s
from adapters.persistence.tables import UtcDateTime, provider_states
from application.ports.provider_states import PAUSED, ProviderState
from application.ports.system import Clock

_REASON_LENGTH = 64
_FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Until when a circuit is held open that nobody has said an end for."""
_SERVER_NOW: sa.ColumnElement[datetime] = sa.func.clock_timestamp(type_=UtcDateTime())


@dataclass(frozen=True, slots=True)
class _State:
    """A row, the provider's name apart."""

    tat: datetime = LONG_AGO
    paused_until: datetime = LONG_AGO
    retry_at: datetime | None = None
    trips: int = 0
    reason: str = ""

    def retry_s(self, now: datetime) -> float | None:
        """Return in how many seconds it may be probed; see ``ProviderState``."""
        if self.retry_at is None:
            return None
        if not self.reason.startswith(PAUSED):
            return left_s(self.retry_at, now)
        # An operator means what he says, however far away: no clock has to be doubted here.
        left = self.retry_at - now
        return inf if self.retry_at >= _FOR_EVER else max(0.0, left.total_seconds())

    def held(self, now: datetime) -> bool:
        """Tell whether an operator holds it open."""
        return self.reason.startswith(PAUSED) and bool(self.retry_s(now))

    def closed(self) -> "_State":
        """Return it with a closed circuit."""
        return replace(self, retry_at=None, trips=0, reason="")


_Change = Callable[[_State, datetime], tuple[_State, Any]]
"""From a state and the time to the next state and the answer."""
_UPDATE = (
    sa.update(provider_states)
    .where(provider_states.c.provider == sa.bindparam("of_provider"))
    .values({name: sa.bindparam(name) for name in asdict(_State())})
)


class SqlProviderStates:
    """Rows of ``sms_provider_states``; see ``ProviderStates``."""

    def __init__(self, commits: GroupCommit, reader: AsyncEngine, clock: Clock) -> None:
        """Write through ``commits``, read through ``reader``; ``clock`` is for SQLite."""
        self._commits = commits
        self._reader = reader
        self._clock = clock

    async def read(self) -> Mapping[str, ProviderState]:
        """Return what is known of all; see ``ProviderStates.read``."""
        on_sqlite = self._reader.dialect.name == "sqlite"
        now = sa.literal(self._clock.now(), UtcDateTime()) if on_sqlite else _SERVER_NOW
        rows = await read(self._reader, sa.select(provider_states, now.label("now")))
        return {row.provider: _told(_to_state(row), row.now) for row in rows}

    async def reserve(
        self, provider: str, *, cost: int, spacing_s: float, patience_s: float
    ) -> float | None:
        """Take slots for one message; see ``ProviderStates.reserve``."""

        def change(state: _State, now: datetime) -> tuple[_State, float | None]:
            pace = Pace.of(state.tat, now, spacing_s, patience_s)
            pace = replace(pace, next_s=max(left_s(state.paused_until, now), pace.next_s))
            if pace.next_s > patience_s:
                return state, None
            taken = replace(state, tat=pace.after(cost).tat) if spacing_s else state
            return taken, pace.next_s

        wait_s: float | None = await self._run(provider, change)
        return wait_s

    async def pause(self, provider: str, seconds: float) -> None:
        """Have everybody stay away; see ``ProviderStates.pause``."""

        def change(state: _State, now: datetime) -> tuple[_State, None]:
            longest_s = max(left_s(state.paused_until, now), seconds)
            return replace(state, paused_until=_in(longest_s, now)), None

        await self._run(provider, change)

    async def trip(self, provider: str, seconds: float, reason: str) -> None:
        """Open a circuit; see ``ProviderStates.trip``."""

        def change(state: _State, now: datetime) -> tuple[_State, None]:
            if state.held(now):
                return state, None
            retry_at, trips = _in(seconds, now), state.trips + 1
            return replace(
                state, retry_at=retry_at, trips=trips, reason=reason[:_REASON_LENGTH]
            ), None

        await self._run(provider, change)

    async def probe(self, provider: str, seconds: float) -> bool:
        """Ask for the right to try; see ``ProviderStates.probe``."""

        def change(state: _State, now: datetime) -> tuple[_State, bool]:
            if state.retry_s(now) != 0:
                return state, False
            if state.reason.startswith(PAUSED):
                # The pause is over; nothing was wrong that would have to be tried.
                return state.closed(), True
            return replace(state, retry_at=_in(seconds, now)), True

        return bool(await self._run(provider, change))

    async def restore(self, provider: str) -> None:
        """Close a circuit; see ``ProviderStates.restore``."""

        def change(state: _State, now: datetime) -> tuple[_State, None]:
            return state if state.held(now) else state.closed(), None

        await self._run(provider, change)

    async def hold(self, provider: str, seconds: float | None, by: str = "") -> None:
        """Hold a circuit open; see ``ProviderStates.hold``."""
        reason = (f"{PAUSED} by {by}" if by else PAUSED)[:_REASON_LENGTH]

        def change(state: _State, now: datetime) -> tuple[_State, None]:
            until = _FOR_EVER if seconds is None else now + timedelta(seconds=seconds)
            return replace(state, retry_at=until, trips=0, reason=reason), None

        await self._run(provider, change)

    async def release(self, provider: str) -> None:
        """Close a circuit; see ``ProviderStates.release``."""

        def change(state: _State, now: datetime) -> tuple[_State, None]:
            del now
            return state.closed(), None

        await self._run(provider, change)

    async def _run(self, provider: str, change: _Change) -> Any:  # noqa: ANN401 - the change's own
        return await self._commits.run(self._change, (provider, change))

    def _change(
        self, connection: sa.Connection, items: Sequence[tuple[str, _Change]]
    ) -> Sequence[Any]:
        """Make all changes, one after another, in one pass over the rows."""
        asked = sorted({provider for provider, _ in items})
        rows = _locked(connection, asked)
        answers, changed = self._changed(connection, rows, items)
        missing = sorted(changed.keys() - rows.keys())
        if missing:
            # Somebody else may be creating them: whoever comes second waits here, and looks again.
            _create(connection, missing)
            rows = _locked(connection, asked)
            answers, changed = self._changed(connection, rows, items)
        if changed:
            written = [{"of_provider": name, **asdict(state)} for name, state in changed.items()]
            connection.execute(_UPDATE, written)
        return answers

    def _changed(
        self,
        connection: sa.Connection,
        rows: Mapping[str, _State],
        items: Sequence[tuple[str, _Change]],
    ) -> tuple[list[Any], dict[str, _State]]:
        """Return the answers, and the states that have become others."""
        now = self._now(connection)
        states, answers = dict(rows), []
        for provider, change in items:
            states[provider], answer = change(states.get(provider, _State()), now)
            answers.append(answer)
        changed = {name: new for name, new in states.items() if new != rows.get(name, _State())}
        return answers, changed

    def _now(self, connection: sa.Connection) -> datetime:
        if connection.dialect.name == "sqlite":
            return self._clock.now()
        return connection.execute(sa.select(_SERVER_NOW)).scalar_one()


def _locked(connection: sa.Connection, providers: Sequence[str]) -> dict[str, _State]:
    """Read the rows there are; everybody locks them in the same order."""
    query = sa.select(provider_states).where(provider_states.c.provider.in_(providers))
    rows = connection.execute(query.order_by(provider_states.c.provider).with_for_update())
    return {row.provider: _to_state(row) for row in rows}


def _create(connection: sa.Connection, providers: Sequence[str]) -> None:
    rows = [{"provider": provider, **asdict(_State())} for provider in providers]
    connection.execute(insert_new(connection, provider_states), rows)


def _to_state(row: sa.Row[Any]) -> _State:
    return _State(row.tat, row.paused_until, row.retry_at, row.trips, row.reason)


def _told(state: _State, now: datetime) -> ProviderState:
    return ProviderState(
        paused_s=left_s(state.paused_until, now),
        retry_s=state.retry_s(now),
        trips=state.trips,
        reason=state.reason,
    )


def _in(seconds: float, now: datetime) -> datetime:
    return now + timedelta(seconds=min(seconds, LONGEST_AWAY_S))
