"""The schema. ``sms_messages`` is the queue as well as the record.

Times are UTC. Ids are UUIDv7, so an index on them grows at its end. There are no foreign keys on
the sending path: a request and its messages are written in one transaction or in order.
"""

from datetime import UTC, datetime

import sqlalchemy as sa


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite has no time zones and would return a naive one."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Store UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return aware UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

requests = sa.Table(
    "sms_requests",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.String(8), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("recipients", sa.Integer, nullable=False),
    sa.Column("sender", sa.String(16)),
    sa.Column("reference", sa.String(100)),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

messages = sa.Table(
    "sms_messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("request_id", sa.Uuid, nullable=False),
    sa.Column("phone", sa.String(16), nullable=False),
    sa.Column("provider", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("segments", sa.SmallInteger, nullable=False),
    sa.Column("encoding", sa.String(8), nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("lease_token", sa.Uuid),
    sa.Column("lease_owner", sa.Uuid),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("provider_id", sa.String(64)),
    sa.Column("error_code", sa.String(32)),
    sa.Column("error_text", sa.Text),
    sa.Column("provider_code", sa.String(64)),
)
"""One recipient's SMS or call.

``priority``: 0 otp, 1 transactional, 2 bulk. ``lease_*`` are set while ``status`` is ``sending``;
``lease_owner`` names the process's start. The phone is digits without ``+``.
"""

queued = sa.Index(
    "ix_sms_messages_queued",
    messages.c.provider,
    messages.c.priority,
    messages.c.due_at,
    sqlite_where=messages.c.status == "queued",
    postgresql_where=messages.c.status == "queued",
)
leased = sa.Index(
    "ix_sms_messages_leased",
    messages.c.lease_until,
    sqlite_where=messages.c.status == "sending",
    postgresql_where=messages.c.status == "sending",
)
of_request = sa.Index("ix_sms_messages_request", messages.c.request_id, messages.c.id)

events = sa.Table(
    "sms_events",
    metadata,
    sa.Column("id", _serial, primary_key=True),
    sa.Column("message_id", sa.Uuid, nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("name", sa.String(16), nullable=False),
    sa.Column("provider", sa.String(16)),
    sa.Column("provider_code", sa.String(64)),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("duration_ms", sa.Integer),
)
"""What happened to a message after it was accepted; rows are never changed."""

blacklist = sa.Table(
    "sms_blacklist",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("phone", sa.String(255), unique=True),
    sa.Column("created_at", sa.DateTime),
)
"""The table of the system Habar replaces, as that system made it; times are naive UTC."""
