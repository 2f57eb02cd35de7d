"""What the outbox on SQLite asks and writes, claims apart."""

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from adapters.persistence.bulk import Query, Statement, literally
from adapters.persistence.tables import idempotency_keys, messages, requests
from domain.message import MessageStatus

_of_id = messages.c.id == sa.bindparam("of_id")
_QUEUED = messages.c.status == literally(MessageStatus.QUEUED)
_SETTLED = (
    "provider",
    "status",
    "attempts",
    "attempted_at",
    "lookups",
    "resends",
    "updated_at",
    "provider_id",
    "error_code",
    "error_text",
    "provider_code",
    "lease_owner",
    "lease_until",
    "lookup_at",
)

KEYS = Statement(sqlite.insert(idempotency_keys).on_conflict_do_nothing())
REQUESTS = Statement(requests.insert())
MESSAGES = Statement(messages.insert())
SETTLE = Statement(
    sa.update(messages)
    .where(
        _of_id,
        messages.c.lease_token == sa.bindparam("of_token"),
        messages.c.lease_owner.is_not(None),
        # The sweep leaves the lease to whoever knows better.
        sa.or_(
            messages.c.status == sa.bindparam("of_status"),
            messages.c.status == literally(MessageStatus.UNKNOWN),
        ),
    )
    .values(
        {name: sa.bindparam(name) for name in _SETTLED}
        | {
            "lease_token": sa.bindparam("token"),
            "due_at": sa.func.coalesce(
                sa.bindparam("due", type_=messages.c.due_at.type), messages.c.due_at
            ),
        }
    )
)
_ids = sa.func.json_each(sa.bindparam("ids")).table_valued("value")
TOKENS = Query(
    sa.select(messages.c.id, messages.c.lease_token).where(
        messages.c.id.in_(sa.select(_ids.c.value))
    )
)
RELEASE = Query(
    sa.update(messages)
    .where(
        _of_id,
        messages.c.lease_token == sa.bindparam("of_token"),
        messages.c.status == literally(MessageStatus.SENDING),
    )
    .values(
        status=literally(MessageStatus.QUEUED),
        attempts=messages.c.attempts - 1,
        due_at=sa.bindparam("now"),
        updated_at=sa.bindparam("now"),
        lease_token=sa.null(),
        lease_owner=sa.null(),
    )
    .returning(messages.c.provider)
)
CANCEL = Statement(
    sa.update(messages)
    .where(_of_id, _QUEUED, messages.c.resends == 0)
    .values(status=literally(MessageStatus.CANCELED), updated_at=sa.bindparam("now"))
)
OLDEST = Query(
    sa.select(sa.func.min(messages.c.due_at).label("due_at")).where(
        _QUEUED,
        messages.c.provider == sa.bindparam("of_provider"),
        messages.c.priority == sa.bindparam("of_priority"),
    )
)
