"""How receipts change messages, on each database.

A message is changed only while it is as it was when the receipt was judged. It loses its owner and
keeps its token, so that the answer to a question that was under way changes nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from adapters.persistence.bulk import Statement
from adapters.persistence.postgres_rows import to_json
from adapters.persistence.postgres_statements import filled_in
from adapters.persistence.receipt_rows import changed_row, line_row
from adapters.persistence.tables import events, messages
from application.ports.system import Clock
from domain.message import Message, MessageStatus
from domain.receipt import Receipt

_CHANGE = Statement(
    sa.update(messages)
    .where(
        messages.c.id == sa.bindparam("of_id"),
        messages.c.status == sa.bindparam("was"),
        messages.c.provider == sa.bindparam("was_with"),
        messages.c.attempts == sa.bindparam("was_attempts"),
    )
    .values(
        status=sa.bindparam("new_status"),
        provider=sa.bindparam("new_provider"),
        provider_id=sa.bindparam("new_provider_id"),
        updated_at=sa.bindparam("at"),
        error_code=sa.bindparam("error_code"),
        error_text=sa.bindparam("error_text"),
        provider_code=sa.bindparam("provider_code"),
        lookup_at=sa.bindparam("ask_at", type_=messages.c.lookup_at.type),
        lease_owner=sa.null(),
        lease_until=sa.null(),
    )
)
_LINES = Statement(events.insert())
_CHANGE_ON_POSTGRES = """
WITH v AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(rows)s::json)
    AS v(n int, of_id uuid, was text, was_with text, was_attempts int, new_status text,
      new_provider text, new_provider_id text, at timestamptz, error_code text, error_text text,
      provider_code text)),
l AS MATERIALIZED (  -- whoever holds one of them may be waiting for another
  SELECT m.id FROM {messages} m JOIN v ON m.id = v.of_id AND m.status = v.was
    AND m.provider = v.was_with AND m.attempts = v.was_attempts
  FOR UPDATE OF m SKIP LOCKED),
u AS (
  UPDATE {messages} m SET
    status = v.new_status, provider = v.new_provider, provider_id = v.new_provider_id,
    updated_at = v.at, error_code = v.error_code, error_text = v.error_text,
    provider_code = v.provider_code, lease_owner = NULL, lease_until = NULL,
    lookup_at = CASE WHEN v.new_status = 'submitted'
      THEN clock_timestamp() + make_interval(secs => %(poll_s)s) END
  FROM v JOIN l ON l.id = v.of_id WHERE m.id = v.of_id
  RETURNING v.n),
e AS (
  INSERT INTO {events}
    (message_id, at, name, provider, provider_code, text, duration_ms, untold)
  SELECT message_id, at, name, provider, provider_code, text, duration_ms, {untold}
  FROM json_to_recordset(%(events)s::json)
    AS e(change int, message_id uuid, at timestamptz, name text, provider text,
      provider_code text, text text, duration_ms int)
  JOIN u ON u.n = e.change
  ORDER BY e.change)
SELECT n FROM u
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A message before and after a receipt."""

    receipt: Receipt
    before: Message
    after: Message


class Changes(Protocol):
    """What differs between the databases."""

    def now(self, connection: sa.Connection) -> datetime:
        """Return the time that counts in the database."""
        ...

    def make(self, connection: sa.Connection, changes: Sequence[Change]) -> Sequence[bool]:
        """Change messages, each once, with the lines of their histories; tell which were."""
        ...


class SqliteChanges:
    """One writer: nothing comes between judging and changing."""

    def __init__(self, clock: Clock, *, poll_s: float, announced: bool) -> None:
        """Change messages.

        Args:
            clock: what the time is.
            poll_s: how long until the provider of one that was taken is asked about it.
            announced: webhooks are made of what happens.
        """
        self._clock = clock
        self._poll_s = poll_s
        self._untold = True if announced else None

    def now(self, connection: sa.Connection) -> datetime:
        """Return the time; see ``Changes.now``."""
        del connection
        return self._clock.now()

    def make(self, connection: sa.Connection, changes: Sequence[Change]) -> Sequence[bool]:
        """Change messages; see ``Changes.make``."""
        poll_at = self._clock.now() + timedelta(seconds=self._poll_s)
        rows = [
            changed_row(change.before, change.after) | {"ask_at": _ask_at(change.after, poll_at)}
            for change in changes
        ]
        changed = _CHANGE.each(connection, rows)
        done = [change for change, new in zip(changes, changed, strict=True) if new]
        lines = [line_row(one.receipt, one.after) | {"untold": self._untold} for one in done]
        _LINES.run(connection, lines)
        return changed


class PostgresChanges:
    """N processes: what another one holds, or was faster with, is not changed."""

    def __init__(self, schema: str, *, poll_s: float, announced: bool) -> None:
        """Change messages of a schema; see ``SqliteChanges``."""
        self._statement = filled_in(_CHANGE_ON_POSTGRES, schema, announced=announced)
        self._poll_s = poll_s

    def now(self, connection: sa.Connection) -> datetime:
        """Return the time; see ``Changes.now``."""
        at: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return at

    def make(self, connection: sa.Connection, changes: Sequence[Change]) -> Sequence[bool]:
        """Change messages; see ``Changes.make``."""
        rows = [{"n": n, **changed_row(c.before, c.after)} for n, c in enumerate(changes)]
        lines = [{"change": n, **line_row(c.receipt, c.after)} for n, c in enumerate(changes)]
        given = {"rows": to_json(rows), "events": to_json(lines), "poll_s": self._poll_s}
        done = {row.n for row in connection.exec_driver_sql(self._statement, given)}
        return [n in done for n in range(len(changes))]


def _ask_at(message: Message, poll_at: datetime) -> datetime | None:
    return poll_at if message.status is MessageStatus.SUBMITTED else None
