"""What is asked and written on SQLite when messages are claimed."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from adapters.persistence.bulk import Query, Statement, literally
from adapters.persistence.tables import messages, provider_states, requests
from domain.message import MessageStatus

_provider: sa.BindParameter[Any] = sa.bindparam("of_provider")
_now: sa.BindParameter[Any] = sa.bindparam("now")
_limit: sa.BindParameter[Any] = sa.bindparam("limit")
_COLUMNS = [column for column in messages.c if not column.name.startswith("lease_")]
_LANE = (
    messages.c.status == literally(MessageStatus.QUEUED),
    messages.c.provider == _provider,
    messages.c.priority == sa.bindparam("of_priority"),
)
DUE = Query(
    sa.select(messages.c.id, messages.c.segments)
    .where(*_LANE, messages.c.due_at <= _now)
    .order_by(messages.c.due_at)
    .limit(_limit)
)
NEXT = Query(sa.select(sa.func.min(messages.c.due_at).label("due_at")).where(*_LANE))


def _asked(status: MessageStatus) -> Query:
    return Query(
        sa.select(messages.c.id)
        .where(
            messages.c.status == literally(status),
            messages.c.provider == _provider,
            messages.c.lookup_at <= _now,
        )
        .order_by(messages.c.lookup_at)
        .limit(_limit)
    )


DOUBTS = _asked(MessageStatus.UNKNOWN)
SILENT = _asked(MessageStatus.SUBMITTED)
_ids = sa.func.json_each(sa.bindparam("ids")).table_valued("value")
REQUESTS = Query(sa.select(requests).where(requests.c.id.in_(sa.select(_ids.c.value))))
STATE = Query(sa.select(provider_states).where(provider_states.c.provider == _provider))
_new = sqlite.insert(provider_states)
SET_TAT = Statement(_new.on_conflict_do_update(set_={"tat": _new.excluded.tat}))
_HELD: dict[str, Any] = {
    name: sa.bindparam(name) for name in ("lease_token", "lease_owner", "lease_until")
}
START = Query(
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("of_id"))
    .values(
        status=literally(MessageStatus.SENDING),
        attempts=messages.c.attempts + 1,
        attempted_at=_now,
        updated_at=_now,
        lookups=0,
        error_code=sa.null(),
        error_text=sa.null(),
        provider_code=sa.null(),
        **_HELD,
    )
    .returning(*_COLUMNS)
)
ASK = Query(
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("of_id"))
    .values(
        lookups=messages.c.lookups + 1,
        lookup_at=sa.bindparam("lease_until"),
        **_HELD,
    )
    .returning(*_COLUMNS)
)
