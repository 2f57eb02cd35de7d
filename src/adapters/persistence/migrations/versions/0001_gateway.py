"""The gateway: requests, messages, events, and the blacklist, adopted where it exists."""

import logging

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

_log = logging.getLogger("habar.migrations")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_AUTOVACUUM = (
    "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, "
    "autovacuum_analyze_scale_factor = 0.05, fillfactor = 80"
)


def upgrade() -> None:
    """Create what is missing."""
    _create_requests()
    _create_messages()
    _create_events()
    # The system Habar replaces made this table; its rows are consent, and stay as they are.
    if sa.inspect(op.get_bind()).has_table("sms_blacklist"):
        _warn_of_unreadable_phones()
    else:
        _create_blacklist()


def _warn_of_unreadable_phones() -> None:
    """Say how many rows no look-up will find: digits are looked for, with or without a plus."""
    phone = sa.column("phone", sa.String)
    digits = sa.func.ltrim(phone, "+")
    strange = sa.or_(sa.func.length(sa.func.trim(digits, "0123456789")) > 0, phone.like("+%+%"))
    count = op.get_bind().scalar(
        sa.select(sa.func.count()).select_from(sa.table("sms_blacklist")).where(strange)
    )
    if count:
        _log.warning("sms_blacklist: %s phones are no international numbers; correct them", count)


def downgrade() -> None:
    """Drop what was created; the blacklist stays, it may be older than Habar."""
    for table in ("sms_events", "sms_messages", "sms_requests"):
        op.drop_table(table)


def _create_requests() -> None:
    op.create_table(
        "sms_requests",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("recipients", sa.Integer, nullable=False),
        sa.Column("sender", sa.String(16)),
        sa.Column("reference", sa.String(100)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_requests"),
        sqlite_with_rowid=False,
    )


def _create_messages() -> None:
    op.create_table(
        "sms_messages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("segments", sa.SmallInteger, nullable=False),
        sa.Column("encoding", sa.String(8), nullable=False),
        sa.Column("priority", sa.SmallInteger, server_default="1", nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_sms_messages"),
        sqlite_with_rowid=False,
    )
    _create_message_indexes()
    if op.get_bind().dialect.name == "postgresql":
        # Every row is updated soon after it is written: vacuum by count, not by share.
        op.execute(f"ALTER TABLE sms_messages SET ({_AUTOVACUUM})")


def _create_message_indexes() -> None:
    queued, leased = sa.text("status = 'queued'"), sa.text("status = 'sending'")
    op.create_index(
        "ix_sms_messages_queued",
        "sms_messages",
        ["provider", "priority", "due_at"],
        sqlite_where=queued,
        postgresql_where=queued,
    )
    op.create_index(
        "ix_sms_messages_leased",
        "sms_messages",
        ["lease_until"],
        sqlite_where=leased,
        postgresql_where=leased,
    )
    op.create_index("ix_sms_messages_request", "sms_messages", ["request_id", "id"])


def _create_events() -> None:
    op.create_table(
        "sms_events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(16)),
        sa.Column("provider_code", sa.String(64)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("duration_ms", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_sms_events"),
    )
    op.create_index("ix_sms_events_message_id", "sms_events", ["message_id"])


def _create_blacklist() -> None:
    op.create_table(
        "sms_blacklist",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("phone", sa.String(255)),
        sa.Column("created_at", sa.DateTime),
        sa.PrimaryKeyConstraint("id", name="pk_sms_blacklist"),
        sa.UniqueConstraint("phone", name="uq_sms_blacklist_phone"),
    )
