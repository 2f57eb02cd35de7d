"""API keys, and whose each request is."""

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OWNED = sa.text("account IS NOT NULL")


def upgrade() -> None:
    """Add what is missing; requests made before are nobody's, and only an admin sees them."""
    op.add_column("sms_requests", sa.Column("account", sa.String(64)))
    op.create_index(
        "ix_sms_requests_account",
        "sms_requests",
        ["account", "id"],
        sqlite_where=_OWNED,
        postgresql_where=_OWNED,
    )
    op.create_table(
        "sms_api_keys",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("prefix", sa.String(12), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("networks", sa.Text, nullable=False),
        sa.Column("rate", sa.Float),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("revoked_at", UtcDateTime),
        sa.Column("previous_prefix", sa.String(12)),
        sa.Column("previous_digest", sa.LargeBinary),
        sa.Column("previous_until", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_sms_api_keys"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it out again."""
    op.drop_table("sms_api_keys")
    op.drop_index("ix_sms_requests_account", "sms_requests")
    op.drop_column("sms_requests", "account")
