"""The pipeline: schedules, look-ups, routes, the providers' states, idempotency keys."""

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUEUED = "status = 'queued'"
_IN_DOUBT = "status = 'unknown' AND lookup_at IS NOT NULL"
_DIVERTIBLE = "status = 'queued' AND diversion IS NOT NULL"
_INDEXES = (
    ("ix_sms_messages_expiring", ["expires_at"], _QUEUED),
    ("ix_sms_messages_doubtful", ["provider", "lookup_at"], _IN_DOUBT),
    ("ix_sms_messages_divertible", ["provider", "due_at"], _DIVERTIBLE),
)


def upgrade() -> None:
    """Add what is missing; messages in doubt are looked up as soon as it runs."""
    for column in _request_columns():
        op.add_column("sms_requests", column)
    for column in _message_columns():
        op.add_column("sms_messages", column)
    for name, columns, where in _INDEXES:
        _create_partial_index(name, "sms_messages", columns, where)
    op.create_index("ix_sms_messages_phone", "sms_messages", ["phone", "id"])
    _create_partial_index(
        "ix_sms_requests_reference", "sms_requests", ["reference", "id"], "reference IS NOT NULL"
    )
    op.execute("UPDATE sms_messages SET attempted_at = updated_at WHERE attempts > 0")
    op.execute("UPDATE sms_messages SET lookup_at = updated_at WHERE status = 'unknown'")
    _create_provider_states()
    _create_idempotency_keys()


def downgrade() -> None:
    """Take it out again."""
    op.drop_table("sms_idempotency_keys")
    op.drop_table("sms_provider_states")
    op.drop_index("ix_sms_requests_reference", "sms_requests")
    op.drop_index("ix_sms_messages_phone", "sms_messages")
    for name, _, _ in _INDEXES:
        op.drop_index(name, "sms_messages")
    for column in _message_columns():
        op.drop_column("sms_messages", column.name)
    for column in _request_columns():
        op.drop_column("sms_requests", column.name)


def _request_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("route", sa.String(100), nullable=False, server_default=sa.text("''")),
        sa.Column("priority", sa.SmallInteger, nullable=False, server_default="1"),
        sa.Column("on_unknown", sa.String(8), nullable=False, server_default="hold"),
        sa.Column("force", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("background", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def _message_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("attempted_at", UtcDateTime),
        sa.Column("lookup_at", UtcDateTime),
        sa.Column("lookups", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("resends", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("diversion", sa.String(100)),
    )


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _create_provider_states() -> None:
    op.create_table(
        "sms_provider_states",
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("tat", UtcDateTime, nullable=False),
        sa.Column("paused_until", UtcDateTime, nullable=False),
        sa.Column("retry_at", UtcDateTime),
        sa.Column("trips", sa.Integer, server_default="0", nullable=False),
        sa.Column("reason", sa.String(64), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_sms_provider_states"),
    )


def _create_idempotency_keys() -> None:
    op.create_table(
        "sms_idempotency_keys",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("request_id", sa.Uuid),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("running_until", UtcDateTime, nullable=False),
        sa.Column("running_owner", sa.Uuid),
        sa.Column("answer_status", sa.SmallInteger),
        sa.Column("answer_headers", sa.Text),
        sa.Column("answer_body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("account", "key", name="pk_sms_idempotency_keys"),
        sqlite_with_rowid=False,
    )
