"""From lines of histories to webhooks, on both databases."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.rows import to_event, to_message, to_request
from adapters.persistence.tables import events, messages, requests
from adapters.persistence.webhook_rows import NewEvent, insert_events
from adapters.persistence.webhook_transactions import ShortTransactions
from application.defects import told
from application.ports.repositories import StoredMessage
from application.ports.system import Clock
from application.webhooks_addresses import WebhookAddresses
from domain.event import Event, EventName
from domain.request import Request
from domain.webhook import Transition, transitions

Render = Callable[[StoredMessage, Transition], bytes]
"""Writes the JSON that is posted."""
_WAITING = sa.and_(events.c.untold.is_not(None), events.c.untold.is_(True))
"""The first half names the index, the second leaves out what this version cannot tell."""
_ANY = sa.select(events.c.id).where(_WAITING).limit(1)
_RECALL = (
    sa.update(events)
    .where(events.c.untold.is_not(None), events.c.untold.is_(False))
    .values(untold=True)
)


_Story = tuple[sa.Row[Any], sa.Row[Any], Sequence[sa.Row[Any]]]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Untold:
    """Lines nobody was told of, and what must be known to tell of them.

    Attributes:
        lines: their ids.
        stories: a message's row each, its request's, and those of its lines, oldest first.
    """

    lines: frozenset[int]
    stories: Sequence[_Story]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of lines.

    Attributes:
        events: of those that can be told.
        unable: the ids of those that cannot.
    """

    events: Sequence[NewEvent]
    unable: frozenset[int]


class SqlWebhookFeed:
    """Takes rows of ``sms_events`` that are ``untold``; see ``WebhookFeed``.

    On PostgreSQL they are locked from the look to the end, and who comes second takes others. On
    SQLite nobody comes second: what is told is worked out without keeping the writer busy. What
    cannot be told stays untold until another start, which may be that of a version that can.
    """

    def __init__(
        self,
        transactions: ShortTransactions,
        addresses: WebhookAddresses,
        render: Render,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._addresses = addresses
        self._render = render
        self._clock = clock
        self._recalled = False

    async def feed(self, limit: int) -> int:
        """Have some lines told; see ``WebhookFeed.feed``."""
        if not self._recalled:
            await self._transactions.run(lambda connection: connection.execute(_RECALL))
            self._recalled = True

        def look(connection: sa.Connection) -> _Untold:
            return _untold(connection, limit)

        def tell(connection: sa.Connection) -> int:
            return self._write(connection, look(connection))

        if not self._transactions.on_sqlite:
            return await self._transactions.run(tell)
        if not await self._transactions.glance(_is_untold):
            return 0
        found = await self._transactions.look(look)
        done = self._told(found)
        return await self._transactions.run(lambda c: self._mark(c, found, done))

    def _write(self, connection: sa.Connection, found: _Untold) -> int:
        return self._mark(connection, found, self._told(found)) if found.lines else 0

    def _mark(self, connection: sa.Connection, found: _Untold, done: _Told) -> int:
        insert_events(connection, done.events, self._clock.now())
        for lines, untold in ((found.lines - done.unable, None), (done.unable, False)):
            if lines:
                marked = sa.update(events).where(events.c.id.in_(lines)).values(untold=untold)
                connection.execute(marked)
        return len(found.lines)

    def _told(self, found: _Untold) -> _Told:
        new: list[NewEvent] = []
        unable: set[int] = set()
        for story in found.stories:
            try:
                new += self._of_story(story, found.lines)
            except Exception as error:  # noqa: BLE001 - one that cannot be told must not hold up the others
                _log.error("%s", told(error, f" in the webhooks of {story[0].id}, not told"))
                unable |= {line.id for line in story[2]} & found.lines
        return _Told(new, frozenset(unable))

    def _of_story(self, story: _Story, untold: frozenset[int]) -> list[NewEvent]:
        message, of_request, lines = story
        request = to_request(of_request)
        stored = to_message(message, request)
        accepted = Event(at=stored.message.created_at, name=EventName.ACCEPTED)
        stored = replace(stored, history=(accepted, *map(to_event, lines)))
        return [
            self._event(stored, request, transition)
            for transition in transitions(stored.message.id, stored.history)
            # The first line of a history, its acceptance, is no row.
            if lines[transition.index - 1].id in untold
        ]

    def _event(self, stored: StoredMessage, request: Request, transition: Transition) -> NewEvent:
        urls = self._addresses.told(request.callback_url)
        return NewEvent(
            id=transition.id,
            type=transition.type,
            message_id=stored.message.id,
            at=stored.history[transition.index].at,
            body=self._render(stored, transition) if urls else b"",
            urls=urls,
        )


def _is_untold(connection: sa.Connection) -> bool:
    return connection.execute(_ANY).first() is not None


def _untold(connection: sa.Connection, limit: int) -> _Untold:
    query = (
        sa.select(events.c.id, events.c.message_id)
        .where(_WAITING)
        .order_by(events.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(query).all()
    ids = {row.message_id for row in found}
    return _Untold(frozenset(row.id for row in found), _stories(connection, ids) if ids else ())


def _stories(connection: sa.Connection, ids: set[UUID]) -> Sequence[_Story]:
    found = connection.execute(sa.select(messages).where(messages.c.id.in_(ids))).all()
    wanted = requests.c.id.in_({row.request_id for row in found})
    known = {row.id: row for row in connection.execute(sa.select(requests).where(wanted))}
    lines: defaultdict[UUID, list[sa.Row[Any]]] = defaultdict(list)
    written = sa.select(events).where(events.c.message_id.in_(ids)).order_by(events.c.id)
    for row in connection.execute(written):
        lines[row.message_id].append(row)
    return [(row, known[row.request_id], lines[row.id]) for row in found if row.request_id in known]
