"""How many messages came to what, counted beforehand, and what money was left when."""

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing; it is filled when Habar runs."""
    op.create_table(
        "sms_counters",
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("wait_s", sa.Integer, nullable=False),
        sa.Column("hour", UtcDateTime, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("at", "provider", "status", "wait_s", name="pk_sms_counters"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sms_balances",
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("amount", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(8)),
        sa.PrimaryKeyConstraint("at", "provider", name="pk_sms_balances"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it out again."""
    op.drop_table("sms_balances")
    op.drop_table("sms_counters")
