"""The lines of the messages' histories, on SQLite."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.bulk import Statement
from adapters.persistence.rows import event_row
from adapters.persistence.tables import events
from domain.event import Event

_EVENTS = Statement(events.insert())


def record(
    connection: sa.Connection,
    histories: Iterable[tuple[UUID, Sequence[Event]]],
    *,
    announced: bool = False,
) -> None:
    """Write what happened to messages.

    Args:
        connection: of the transaction.
        histories: each message's id, and its lines.
        announced: webhooks are made of them.
    """
    untold = True if announced else None
    _EVENTS.run(
        connection,
        [
            {**event_row(message_id, event), "untold": untold}
            for message_id, lines in histories
            for event in lines
        ],
    )
