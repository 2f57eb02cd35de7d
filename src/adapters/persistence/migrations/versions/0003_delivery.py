"""Delivery: receipts, inbound messages, opt-outs, webhooks."""

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INDEXES = (
    (
        "ix_sms_messages_silent",
        "sms_messages",
        ["provider", "lookup_at"],
        "status = 'submitted' AND lookup_at IS NOT NULL",
    ),
    (
        "ix_sms_messages_provider_id",
        "sms_messages",
        ["provider", "provider_id"],
        "provider_id IS NOT NULL",
    ),
    ("ix_sms_events_untold", "sms_events", ["id"], "untold IS NOT NULL"),
    ("ix_sms_blacklist_expiring", "sms_blacklist", ["expires_at"], "expires_at IS NOT NULL"),
)


def upgrade() -> None:
    """Add what is missing."""
    op.add_column("sms_requests", sa.Column("callback_url", sa.Text))
    op.add_column("sms_events", sa.Column("untold", sa.Boolean))
    for column in _blacklist_columns():
        op.add_column("sms_blacklist", column)
    for name, table, columns, where in _INDEXES:
        _create_partial_index(name, table, columns, where)
    _create_parked_receipts()
    _create_inbound()
    _create_opt_outs()
    _create_webhooks()


def downgrade() -> None:
    """Take it out again."""
    for table in (
        "sms_webhook_endpoints",
        "sms_webhook_deliveries",
        "sms_webhook_events",
        "sms_opt_outs",
        "sms_inbound",
        "sms_parked_receipts",
    ):
        op.drop_table(table)
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table)
    for column in _blacklist_columns():
        op.drop_column("sms_blacklist", column.name)
    op.drop_column("sms_events", "untold")
    op.drop_column("sms_requests", "callback_url")


def _blacklist_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("reason", sa.String(200)),
        sa.Column("source", sa.String(16)),
        sa.Column("note", sa.Text),
        sa.Column("expires_at", sa.DateTime),
    )


def _create_partial_index(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _create_parked_receipts() -> None:
    op.create_table(
        "sms_parked_receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("message_id", sa.Uuid),
        sa.Column("provider_id", sa.String(64)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("provider_code", sa.String(64)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("weak", sa.Boolean, nullable=False),
        sa.Column("opted_out", sa.Boolean, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_parked_receipts"),
        sa.UniqueConstraint("digest", name="uq_sms_parked_receipts_digest"),
    )
    op.create_index("ix_sms_parked_receipts_due_at", "sms_parked_receipts", ["due_at"])


def _create_inbound() -> None:
    op.create_table(
        "sms_inbound",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("provider_id", sa.String(64)),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("to", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("keyword", sa.String(8)),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_inbound"),
        sqlite_with_rowid=False,
    )
    _create_partial_index(
        "uq_sms_inbound_provider_id",
        "sms_inbound",
        ["provider", "provider_id"],
        "provider_id IS NOT NULL",
        unique=True,
    )
    op.create_index("ix_sms_inbound_phone", "sms_inbound", ["phone", "id"])


def _create_opt_outs() -> None:
    op.create_table(
        "sms_opt_outs",
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("sender", sa.String(16), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("provider_code", sa.String(64)),
        sa.PrimaryKeyConstraint("phone", "provider", "sender", name="pk_sms_opt_outs"),
        sqlite_with_rowid=False,
    )


def _create_webhooks() -> None:
    op.create_table(
        "sms_webhook_events",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("message_id", sa.Uuid),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_webhook_events"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sms_webhook_events_at", "sms_webhook_events", ["at", "id"])
    op.create_table(
        "sms_webhook_deliveries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("answer", sa.SmallInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sms_webhook_deliveries"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sms_webhook_deliveries_event_id", "sms_webhook_deliveries", ["event_id"])
    for name, columns, where in (
        ("due", ["due_at", "host", "url", "status"], "status = 'pending'"),
        ("waiting", ["url", "due_at"], "status = 'pending'"),
        ("failed", ["id"], "status = 'failed'"),
    ):
        _create_partial_index(
            f"ix_sms_webhook_deliveries_{name}", "sms_webhook_deliveries", columns, where
        )
    op.create_table(
        "sms_webhook_endpoints",
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("failing_since", UtcDateTime),
        sa.Column("disabled_at", UtcDateTime),
        sa.Column("reason", sa.Text, server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("url", name="pk_sms_webhook_endpoints"),
        sqlite_with_rowid=False,
    )
