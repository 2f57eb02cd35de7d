"""The schema. ``sms_messages`` is the queue as well as the record.

Times are UTC. Ids are UUIDv7, so an index on them grows at its end. There are no foreign keys on
the sending path: a request and its messages are written in one transaction or in order.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime in UTC.

    SQLite has no type for it: there it is ISO 8601 text with microseconds, which sorts as it should
    and costs a fifth of what the library's own form costs.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(32))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any] | None:
        """Write it; on PostgreSQL the driver does."""
        return _to_text if dialect.name == "sqlite" else None

    def result_processor(
        self, dialect: sa.Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """Read it back."""
        del coltype
        return _from_text if dialect.name == "sqlite" else _in_utc


@lru_cache(maxsize=256)  # the rows of a request share their times
def _to_text(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="microseconds")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


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
    sa.Column("route", sa.String(100), nullable=False, server_default=sa.text("''")),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("on_unknown", sa.String(8), nullable=False, server_default="hold"),
    sa.Column("force", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("background", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("callback_url", sa.Text),
    sa.Column("account", sa.String(64)),
    sqlite_with_rowid=False,
)
"""``route``: the providers' codes in the order they are tried, between commas.

``account``: the id of the API key it came with; ``NULL`` where nobody had to show one.
"""

of_account = sa.Index(
    "ix_sms_requests_account",
    requests.c.account,
    requests.c.id,
    sqlite_where=requests.c.account.is_not(None),
    postgresql_where=requests.c.account.is_not(None),
)

with_text = sa.Index(
    "ix_sms_requests_texts",
    requests.c.id,
    sqlite_where=requests.c.text != "",
    postgresql_where=requests.c.text != "",
)

by_reference = sa.Index(
    "ix_sms_requests_reference",
    requests.c.reference,
    requests.c.id,
    sqlite_where=requests.c.reference.is_not(None),
    postgresql_where=requests.c.reference.is_not(None),
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
    sa.Column("attempted_at", UtcDateTime),
    sa.Column("lookup_at", UtcDateTime),
    sa.Column("lookups", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("resends", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("diversion", sa.String(100)),
    sqlite_with_rowid=False,
)
"""One recipient's SMS or call.

``priority``: 0 otp, 1 transactional, 2 bulk. ``lease_*`` are set while ``status`` is ``sending``,
and stay when it is put in doubt; ``lease_owner`` names the process's start. The phone is digits
without ``+``. ``lookup_at``: when the provider is asked about an ``unknown`` one, or about a
``submitted`` one no receipt came for; ``NULL`` when it is asked no more. ``diversion``: the
request's route where that has several providers.
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
expiring = sa.Index(
    "ix_sms_messages_expiring",
    messages.c.expires_at,
    sqlite_where=messages.c.status == "queued",
    postgresql_where=messages.c.status == "queued",
)
doubtful = sa.Index(
    "ix_sms_messages_doubtful",
    messages.c.provider,
    messages.c.lookup_at,
    sqlite_where=(messages.c.status == "unknown") & messages.c.lookup_at.is_not(None),
    postgresql_where=(messages.c.status == "unknown") & messages.c.lookup_at.is_not(None),
)
divertible = sa.Index(
    "ix_sms_messages_divertible",
    messages.c.provider,
    messages.c.due_at,
    sqlite_where=(messages.c.status == "queued") & messages.c.diversion.is_not(None),
    postgresql_where=(messages.c.status == "queued") & messages.c.diversion.is_not(None),
)
silent = sa.Index(
    "ix_sms_messages_silent",
    messages.c.provider,
    messages.c.lookup_at,
    sqlite_where=(messages.c.status == "submitted") & messages.c.lookup_at.is_not(None),
    postgresql_where=(messages.c.status == "submitted") & messages.c.lookup_at.is_not(None),
)
by_provider_id = sa.Index(
    "ix_sms_messages_provider_id",
    messages.c.provider,
    messages.c.provider_id,
    sqlite_where=messages.c.provider_id.is_not(None),
    postgresql_where=messages.c.provider_id.is_not(None),
)
ASTRAY = ("unknown", "undeliverable", "expired", "rejected", "failed", "canceled", "blocked")
is_astray = messages.c.status.in_([sa.literal_column(f"'{status}'") for status in ASTRAY])
"""Written out: only then does SQLite know that the partial index will do."""
astray = sa.Index(
    "ix_sms_messages_astray",
    messages.c.status,
    messages.c.id,
    sqlite_where=is_astray,
    postgresql_where=is_astray,
)
by_phone = sa.Index("ix_sms_messages_phone", messages.c.phone, messages.c.id)
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
    sa.Column("untold", sa.Boolean),
)
"""What happened to a message after it was accepted; what a row says is never changed.

``untold``: true until webhooks were made of it, false where that could not be done; ``NULL`` where
nobody is to be told, or everybody was.
"""

untold = sa.Index(
    "ix_sms_events_untold",
    events.c.id,
    sqlite_where=events.c.untold.is_not(None),
    postgresql_where=events.c.untold.is_not(None),
)

parked_receipts = sa.Table(
    "sms_parked_receipts",
    metadata,
    sa.Column("id", _serial, primary_key=True),
    sa.Column("provider", sa.String(16), nullable=False),
    sa.Column("message_id", sa.Uuid),
    sa.Column("provider_id", sa.String(64)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("provider_code", sa.String(64)),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("weak", sa.Boolean, nullable=False),
    sa.Column("opted_out", sa.Boolean, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False, index=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
)
"""Receipts that are not matched yet, or wait for their provider's confirmation.

``digest`` is of what is said: a repetition is not parked twice.
``at``: when it was received; ``due_at``: when it is tried next.
"""

inbound = sa.Table(
    "sms_inbound",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider", sa.String(16), nullable=False),
    sa.Column("provider_id", sa.String(64)),
    sa.Column("phone", sa.String(32), nullable=False),
    sa.Column("to", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("keyword", sa.String(8)),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
"""What subscribers wrote."""

inbound_once = sa.Index(
    "uq_sms_inbound_provider_id",
    inbound.c.provider,
    inbound.c.provider_id,
    unique=True,
    sqlite_where=inbound.c.provider_id.is_not(None),
    postgresql_where=inbound.c.provider_id.is_not(None),
)
inbound_with_text = sa.Index(
    "ix_sms_inbound_texts",
    inbound.c.id,
    sqlite_where=inbound.c.text != "",
    postgresql_where=inbound.c.text != "",
)
inbound_by_phone = sa.Index("ix_sms_inbound_phone", inbound.c.phone, inbound.c.id)

webhook_events = sa.Table(
    "sms_webhook_events",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("message_id", sa.Uuid),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What is told; ``body`` is the JSON that is posted, the same every time."""

webhook_events_by_time = sa.Index(
    "ix_sms_webhook_events_at", webhook_events.c.at, webhook_events.c.id
)

webhook_deliveries = sa.Table(
    "sms_webhook_deliveries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("event_id", sa.Uuid, nullable=False, index=True),
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
    sqlite_with_rowid=False,
)
"""An event on its way to one address.

``status``: pending, delivered, failed. A delivery under way is one whose ``due_at`` is the end of
its lease. ``answer``: the HTTP status of the latest attempt. ``host``: of the address, in small
letters.
"""

webhooks_due = sa.Index(
    "ix_sms_webhook_deliveries_due",
    webhook_deliveries.c.due_at,
    webhook_deliveries.c.host,
    webhook_deliveries.c.url,
    webhook_deliveries.c.status,  # SQLite would read the row for it, of those it passes over, too
    sqlite_where=webhook_deliveries.c.status == "pending",
    postgresql_where=webhook_deliveries.c.status == "pending",
)
webhooks_of_address = sa.Index(
    "ix_sms_webhook_deliveries_waiting",
    webhook_deliveries.c.url,
    webhook_deliveries.c.due_at,
    sqlite_where=webhook_deliveries.c.status == "pending",
    postgresql_where=webhook_deliveries.c.status == "pending",
)
webhooks_failed = sa.Index(
    "ix_sms_webhook_deliveries_failed",
    webhook_deliveries.c.id,
    sqlite_where=webhook_deliveries.c.status == "failed",
    postgresql_where=webhook_deliveries.c.status == "failed",
)

webhook_endpoints = sa.Table(
    "sms_webhook_endpoints",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("failing_since", UtcDateTime),
    sa.Column("disabled_at", UtcDateTime),
    sa.Column("reason", sa.Text, nullable=False, server_default=sa.text("''")),
    sqlite_with_rowid=False,
)
"""What is known of the addresses that are told; one without a row has always answered."""

provider_states = sa.Table(
    "sms_provider_states",
    metadata,
    sa.Column("provider", sa.String(32), primary_key=True),
    sa.Column("tat", UtcDateTime, nullable=False),
    sa.Column("paused_until", UtcDateTime, nullable=False),
    sa.Column("retry_at", UtcDateTime),
    sa.Column("trips", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reason", sa.String(64), nullable=False, server_default=sa.text("''")),
)
"""What all processes know of a provider.

``tat``: the next free slot at its rate (GCRA's theoretical arrival time). ``retry_at``: when its
open circuit may be probed, ``NULL`` while it is closed. Questions have rows of their own,
``smscru:lookup``.
"""

api_keys = sa.Table(
    "sms_api_keys",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
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
    sqlite_with_rowid=False,
)
"""API keys; ``scopes`` and ``networks`` are lists with commas between.

``digest`` is the SHA-256 of a key. ``previous_*``: what it was before it was rotated.
"""

counters = sa.Table(
    "sms_counters",
    metadata,
    sa.Column("at", UtcDateTime, primary_key=True),
    sa.Column("provider", sa.String(16), primary_key=True),
    sa.Column("status", sa.String(16), primary_key=True),
    sa.Column("wait_s", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hour", UtcDateTime, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Messages by the five minutes of their acceptance, as they stood when they were last counted."""

balances = sa.Table(
    "sms_balances",
    metadata,
    sa.Column("at", UtcDateTime, primary_key=True),
    sa.Column("provider", sa.String(16), primary_key=True),
    sa.Column("amount", sa.String(40), nullable=False),
    sa.Column("currency", sa.String(8)),
    sqlite_with_rowid=False,
)
"""What providers said of their money; ``amount`` is a decimal number."""

users = sa.Table(
    "sms_users",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
"""Who may sign in to the dashboard; ``password`` is an Argon2 hash."""

sessions = sa.Table(
    "sms_sessions",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("proof", sa.LargeBinary, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Who has; ``digest`` is the SHA-256 of what the browser shows."""

idempotency_keys = sa.Table(
    "sms_idempotency_keys",
    metadata,
    sa.Column("account", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("request_id", sa.Uuid),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("running_until", UtcDateTime, nullable=False),
    sa.Column("running_owner", sa.Uuid),
    sa.Column("answer_status", sa.SmallInteger),
    sa.Column("answer_headers", sa.Text),
    sa.Column("answer_body", sa.LargeBinary),
    sqlite_with_rowid=False,
)
"""Keys callers gave, and what was answered; ``answer_headers`` is a JSON object."""

keys_of_request = sa.Index(
    "ix_sms_idempotency_keys_request",
    idempotency_keys.c.request_id,
    sqlite_where=idempotency_keys.c.request_id.is_not(None),
    postgresql_where=idempotency_keys.c.request_id.is_not(None),
)
keys_alone = sa.Index(
    "ix_sms_idempotency_keys_alone",
    idempotency_keys.c.created_at,
    sqlite_where=idempotency_keys.c.request_id.is_(None),
    postgresql_where=idempotency_keys.c.request_id.is_(None),
)

blacklist = sa.Table(
    "sms_blacklist",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("phone", sa.String(255), unique=True),
    sa.Column("created_at", sa.DateTime),
    sa.Column("reason", sa.String(200)),
    sa.Column("source", sa.String(16)),
    sa.Column("note", sa.Text),
    sa.Column("expires_at", sa.DateTime),
)
"""The table of the system Habar replaces, as that system made it; times are naive UTC.

The last four columns are Habar's; that system leaves them ``NULL``.
"""

blacklist_expiring = sa.Index(
    "ix_sms_blacklist_expiring",
    blacklist.c.expires_at,
    sqlite_where=blacklist.c.expires_at.is_not(None),
    postgresql_where=blacklist.c.expires_at.is_not(None),
)

opt_outs = sa.Table(
    "sms_opt_outs",
    metadata,
    sa.Column("phone", sa.String(16), primary_key=True),
    sa.Column("provider", sa.String(16), primary_key=True),
    sa.Column("sender", sa.String(16), primary_key=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("provider_code", sa.String(64)),
    sqlite_with_rowid=False,
)
"""Who wants nothing more from one sender, as its provider says.

``sender`` is empty for the provider's default one.
"""

audit = sa.Table(
    "sms_audit",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("address", sa.String(64)),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Who changed what; triggers refuse every change of a row."""
