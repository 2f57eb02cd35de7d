"""The lines of the messages' histories, on SQLite."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.bulk import Statement
from adapters.persistence.rows import event_row
from adapters.persistence.tables import events
from domain.event import Event

_EVENTS = Statement(events.insert())


def record(connection: sa.Connection, histories: Iterable[tuple[UUID, Sequence[Event]]]) -> None:
    """Write what happened to messages."""
    _EVENTS.run(
        connection,
        [event_row(message_id, event) for message_id, lines in histories for event in lines],
    )
