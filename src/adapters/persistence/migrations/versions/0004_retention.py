"""Retention: what is old is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEYS = "sms_idempotency_keys"
_INDEXES = (
    ("ix_sms_requests_texts", "sms_requests", ["id"], "text <> ''"),
    ("ix_sms_inbound_texts", "sms_inbound", ["id"], "text <> ''"),
    ("ix_sms_idempotency_keys_request", _KEYS, ["request_id"], "request_id IS NOT NULL"),
    ("ix_sms_idempotency_keys_alone", _KEYS, ["created_at"], "request_id IS NULL"),
)


def upgrade() -> None:
    """Add what is missing."""
    for name, table, columns, where in _INDEXES:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Take it out again."""
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table)
