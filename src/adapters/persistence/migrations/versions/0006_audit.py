"""Who changed what: entries are added, and the database itself refuses anything else."""

import sqlalchemy as sa
from alembic import op

from adapters.persistence.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    """Add what is missing."""
    op.create_table(
        "sms_audit",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("address", sa.String(64)),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_audit"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgres()


def downgrade() -> None:
    """Take it out again."""
    op.drop_table("sms_audit")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION sms_audit_refuse()")


def _refuse_on_sqlite() -> None:
    refusal = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER sms_audit_no_{change.lower()} BEFORE {change} ON sms_audit {refusal}"
        )
    # INSERT OR REPLACE deletes what is in its way, and tells no trigger of it.
    known = "WHEN NEW.id IN (SELECT id FROM sms_audit)"
    op.execute(
        f"CREATE TRIGGER sms_audit_no_replacement BEFORE INSERT ON sms_audit {known} {refusal}"
    )


def _refuse_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION sms_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER sms_audit_append_only BEFORE UPDATE OR DELETE ON sms_audit"
        " FOR EACH ROW EXECUTE FUNCTION sms_audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER sms_audit_no_truncate BEFORE TRUNCATE ON sms_audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION sms_audit_refuse()"
    )
