"""What is done now and then on SQLite: the queue is swept, and led around a provider in trouble."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from adapters.persistence.bulk import Query, Statement, literally
from adapters.persistence.sentences import DIVERTED, IN_DOUBT, LATE_AGAIN
from adapters.persistence.sqlite_history import record
from adapters.persistence.tables import messages
from application.ports.outbox import SweepReport
from application.ports.system import Clock
from application.send_report import EXPIRED
from domain.event import Event, EventName
from domain.message import Failure, MessageStatus

AT_ONCE = 1000

_QUEUED = messages.c.status == literally(MessageStatus.QUEUED)
_now: sa.BindParameter[Any] = sa.bindparam("now")
_GONE = Query(
    sa.select(messages.c.id, messages.c.provider)
    .where(
        messages.c.status == literally(MessageStatus.SENDING),
        messages.c.lease_owner.is_distinct_from(sa.bindparam("owner")),
    )
    .limit(AT_ONCE)
)
_LATE = Query(
    sa.select(messages.c.id, messages.c.provider, messages.c.resends)
    .where(_QUEUED, messages.c.expires_at <= _now)
    .limit(AT_ONCE)
)
_END = Statement(
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("of_id"))
    .values(
        status=sa.bindparam("new_status"),
        updated_at=_now,
        lookup_at=sa.bindparam("lookup_at"),
        error_code=sa.bindparam("error_code"),
        error_text=sa.bindparam("error_text"),
        provider_code=sa.null(),
    )
)
_hopeless = sa.func.json_each(sa.bindparam("hopeless")).table_valued("value")
_DIVERTIBLE = Query(
    sa.select(messages.c.id, messages.c.diversion)
    .where(
        _QUEUED,
        messages.c.provider == sa.bindparam("of_provider"),
        messages.c.due_at <= _now,
        messages.c.diversion.is_not(None),
        messages.c.diversion.not_in(sa.select(_hopeless.c.value)),
    )
    .order_by(messages.c.due_at)
    .limit(AT_ONCE)
)
_DIVERT = Statement(
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("of_id"))
    .values(provider=sa.bindparam("new_provider"), updated_at=_now)
)
Diversion = tuple[str, frozenset[str]]


class SqliteUpkeep:
    """Does it within a transaction."""

    def __init__(self, owner: UUID, clock: Clock, *, announced: bool) -> None:
        """Take every start of the process but ``owner`` for gone: there is one at a time.

        Args:
            owner: this one.
            clock: what the time is.
            announced: webhooks are made of what happens.
        """
        self._owner = owner
        self._clock = clock
        self._announced = announced

    def sweep(self, connection: sa.Connection, items: Sequence[None]) -> Sequence[SweepReport]:
        """Put into doubt, and end; see ``Outbox.sweep``."""
        now = self._clock.now()
        gone = _GONE.all(connection, {"owner": self._owner})
        late = _LATE.all(connection, {"now": now})
        self._end(connection, gone, MessageStatus.UNKNOWN, IN_DOUBT, now)
        never_sent = [row for row in late if not row.resends]
        self._end(connection, never_sent, MessageStatus.EXPIRED, EXPIRED, now)
        resent = [row for row in late if row.resends]
        self._end(connection, resent, MessageStatus.UNKNOWN, LATE_AGAIN, now)
        nothing = [SweepReport()] * (len(items) - 1)
        return [
            SweepReport(in_doubt=len(gone) + len(resent), expired=len(never_sent)),
            *nothing,
        ]

    def divert(
        self, connection: sa.Connection, items: Sequence[Diversion]
    ) -> Sequence[Sequence[str]]:
        """Move messages to other providers; return which ones, one for each message."""
        return [self._divert(connection, provider, avoid) for provider, avoid in items]

    def _divert(
        self, connection: sa.Connection, provider: str, avoid: frozenset[str]
    ) -> Sequence[str]:
        now = self._clock.now()
        moves = _moves(connection, provider, avoid, now)
        _DIVERT.run(
            connection, [{"of_id": id_, "new_provider": new, "now": now} for id_, new in moves]
        )
        text = DIVERTED.format(provider)
        record(
            connection,
            [
                (id_, [Event(at=now, name=EventName.ROUTED, provider=new, text=text)])
                for id_, new in moves
            ],
        )
        return [new for _, new in moves]

    def _end(
        self,
        connection: sa.Connection,
        rows: Sequence[Any],
        status: MessageStatus,
        failure: Failure,
        now: datetime,
    ) -> None:
        end = {
            "new_status": status,
            "now": now,
            "lookup_at": now if status is MessageStatus.UNKNOWN else None,
            "error_code": failure.code,
            "error_text": failure.text,
        }
        _END.run(connection, [{"of_id": row.id, **end} for row in rows])
        ended = Event(at=now, name=EventName(status), text=failure.text)
        histories = [(row.id, [replace(ended, provider=row.provider)]) for row in rows]
        record(connection, histories, announced=self._announced)


def _moves(
    connection: sa.Connection, provider: str, avoid: frozenset[str], now: datetime
) -> list[tuple[UUID, str]]:
    """Find messages that can move, and where to; routes that lead nowhere are passed over."""
    hopeless: set[str] = set()
    asked = {"of_provider": provider, "now": now}
    while True:
        excluded = msgspec.json.encode(sorted(hopeless)).decode()
        rows = _DIVERTIBLE.all(connection, {**asked, "hopeless": excluded})
        targets = {
            route: next((code for code in route.split(",") if code not in avoid), provider)
            for route in {row.diversion for row in rows}
        }
        dead_ends = {route for route, target in targets.items() if target == provider}
        if len(dead_ends) < len(targets) or not rows:
            return [
                (row.id, targets[row.diversion]) for row in rows if row.diversion not in dead_ends
            ]
        hopeless |= dead_ends
