"""A database that was restored: what may have been sent since is put in doubt.

A message that waited when the backup was made was perhaps sent the minute after. So was one whose
sending was under way; and one whose request allows a second sending may have had it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from adapters.persistence.backup import unmark
from adapters.persistence.engines import DatabaseTarget
from adapters.persistence.migrate import bring_up_to_date, locked
from adapters.persistence.tables import UtcDateTime, events, messages
from domain.event import EventName
from domain.message import Failure, MessageStatus

PERHAPS_SENT = Failure(
    "unconfirmed", "The database was restored from a backup; it may have been sent since."
)
_ELSEWHERE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'habar' AND pid <> pg_backend_pid()
"""


class DatabaseInUseError(Exception):
    """Somebody is sending from the database whose messages were to be put in doubt."""


@dataclass(frozen=True, slots=True)
class Held:
    """What became of the messages of a restored database.

    Attributes:
        in_doubt: their provider is asked about them, and they are not sent again.
        scheduled: their time has not come: they cannot have been sent, and will be.
    """

    in_doubt: int
    scheduled: int


def hold(target: DatabaseTarget, *, announced: bool) -> Held:
    """Put every message in doubt that may have been sent since the backup; all or none.

    The database of an earlier version is brought up to date in the same transaction.

    Args:
        target: used by nobody.
        announced: webhooks are made of what happens.

    Raises:
        DatabaseInUseError: on PostgreSQL, another process is connected.
        NewerDatabaseError: a later version was here.
        NoDatabaseError: there is none.
    """
    with locked(target) as connection:
        if target.sqlite_path is not None:
            unmark(connection)
        elif connection.exec_driver_sql(_ELSEWHERE).scalar():
            raise DatabaseInUseError(
                "another process of Habar's is connected to this database; stop it first"
            )
        bring_up_to_date(connection, create=False)
        return _hold(connection, _now(connection), announced=announced)


def _now(connection: sa.Connection) -> datetime:
    """Return the time by which messages were due: the server's, where there is one."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now


def _hold(connection: sa.Connection, now: datetime, *, announced: bool) -> Held:
    m = messages.c
    perhaps_sent = (m.status == MessageStatus.SENDING) | (
        (m.status == MessageStatus.QUEUED) & (m.due_at <= now)
    )
    line = sa.select(
        m.id,
        sa.literal(now, UtcDateTime()),
        sa.literal(EventName.UNKNOWN.value),
        m.provider,
        sa.literal(PERHAPS_SENT.text),
        sa.literal(True if announced else None, sa.Boolean()),
    ).where(perhaps_sent)
    into = ["message_id", "at", "name", "provider", "text", "untold"]
    connection.execute(sa.insert(events).from_select(into, line))
    doubted = sa.update(messages).where(perhaps_sent).values(_in_doubt(now))
    in_doubt = connection.execute(doubted).rowcount
    asked = (m.status == MessageStatus.UNKNOWN) & m.lookup_at.is_not(None)
    spent = sa.update(messages).where(asked, m.resends == 0).values(resends=1)
    connection.execute(spent)
    waiting = sa.select(sa.func.count()).where(m.status == MessageStatus.QUEUED)
    return Held(in_doubt, connection.scalar(waiting) or 0)


def _in_doubt(now: datetime) -> dict[str, object]:
    m = messages.c
    return {
        "status": MessageStatus.UNKNOWN,
        "updated_at": now,
        "error_code": PERHAPS_SENT.code,
        "error_text": PERHAPS_SENT.text,
        "provider_code": None,
        # A receipt counts, and a look-up searches, from the first moment it can have been sent.
        "attempts": sa.case((m.attempts == 0, 1), else_=m.attempts),
        "attempted_at": sa.func.coalesce(m.attempted_at, m.due_at),
        "lookups": 0,
        "lookup_at": now,
        "lease_token": None,
        "lease_owner": None,
        "lease_until": None,
    }
