"""People with passwords, their sessions, and an index of the messages that went wrong."""

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ASTRAY = sa.text(
    "status IN ('unknown', 'undeliverable', 'expired', 'rejected', 'failed', 'canceled', 'blocked')"
)


def upgrade() -> None:
    """Add what is missing."""
    op.create_table(
        "sms_users",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sms_users"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sms_sessions",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("user_name", sa.String(64), nullable=False),
        sa.Column("proof", sa.LargeBinary, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sms_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sms_sessions_seen_at", "sms_sessions", ["seen_at"])
    op.create_index(
        "ix_sms_messages_astray",
        "sms_messages",
        ["status", "id"],
        sqlite_where=_ASTRAY,
        postgresql_where=_ASTRAY,
    )


def downgrade() -> None:
    """Take it out again."""
    op.drop_index("ix_sms_messages_astray", "sms_messages")
    op.drop_table("sms_sessions")
    op.drop_table("sms_users")
