"""Requests that are old, with their messages, histories and idempotency keys.

They are walked through in the order of their ids, which is that of time: several small ones at
once, one with many recipients a part at a time. Looking keeps nobody from writing; only what is
found is then removed in a transaction, where its state is checked once more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.persistence.retention import among, named, timed
from adapters.persistence.retention_kinds import What, at_rest, locked
from adapters.persistence.tables import messages, requests
from adapters.persistence.webhook_transactions import ShortTransactions
from application.ports.retention import Cutoff, Step

_NONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a walk has come.

    Attributes:
        request: the first one that is looked at next.
        message: the last one of its messages that was looked at.
        seen: how many of them were.
        kept: one of them stays.
    """

    request: UUID = _NONE
    message: UUID = _NONE
    seen: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look came to.

    Attributes:
        messages: those that can be removed, with their requests.
        requests: those all of whose messages can be, or have been.
        place: where to go on; ``None`` at the end.
    """

    messages: Mapping[UUID, UUID]
    requests: Sequence[UUID]
    place: _Place | None


class OldRequests:
    """Walks through old requests; see ``Remover``."""

    def __init__(self, transactions: ShortTransactions, what: What, *, announced: bool) -> None:
        """Walk through requests.

        Args:
            transactions: what looks and removes.
            what: is removed.
            announced: webhooks are made of what happens.
        """
        self._transactions = transactions
        self._what = what
        self._announced = announced
        self._place = _Place()

    async def step(self, cutoff: Cutoff, limit: int) -> Step:
        """Remove some; see ``Remover.step``."""
        at_rest_now = at_rest(cutoff, announced=self._announced)
        look = _Look(self._what.which, at_rest_now, cutoff, self._place, limit)
        found = await self._transactions.look(look)
        busy: set[UUID] = set()

        def remove(connection: sa.Connection) -> int:
            ready = locked(connection, found.messages, at_rest_now)
            busy.update(found.messages[id_] for id_ in found.messages.keys() - ready)
            ended = [id_ for id_ in found.requests if id_ not in busy]
            return self._what.remove(connection, sorted(ready), ended)

        removed, held_s = 0, 0.0
        if found.messages or found.requests:
            removed, held_s = await self._transactions.run(timed(remove))
        after = found.place or _Place()
        self._place = replace(after, kept=after.kept or after.request in busy)
        return Step(removed, held_s, more=found.place is not None)


@dataclass(frozen=True, slots=True)
class _Look:
    """Finds what comes next on a walk."""

    which: sa.ColumnElement[bool]
    at_rest: sa.ColumnElement[bool]
    cutoff: Cutoff
    place: _Place
    limit: int

    def __call__(self, connection: sa.Connection) -> _Found:
        old = connection.execute(self._requests()).all()
        if not old:
            return _Found({}, (), None)
        some = old[: _together(old, self.limit)]
        if len(some) == 1:
            begun = self.place if some[0].id == self.place.request else _Place(some[0].id)
            rows = connection.execute(self._part(begun)).all()
            if len(rows) == self.limit:
                return _Found(_ready(rows), (), _passed(begun, rows))
        else:
            begun = _Place()
            those = among(connection, messages.c.request_id, [row.id for row in some])
            rows = connection.execute(self._messages().where(those)).all()
        at_end = len(some) == len(old) < self.limit
        after = None if at_end else _Place(UUID(int=some[-1].id.int + 1))
        return _Found(_ready(rows), self._ended(some, rows, begun), after)

    def _requests(self) -> sa.Select[Any]:
        before = named(self.cutoff.before)
        old = sa.select(requests.c.id, requests.c.recipients).where(
            requests.c.id >= self.place.request, requests.c.id < before, self.which
        )
        return old.order_by(requests.c.id).limit(self.limit)

    def _part(self, place: _Place) -> sa.Select[Any]:
        of_it = self._messages().where(
            messages.c.request_id == place.request, messages.c.id > place.message
        )
        return of_it.order_by(messages.c.id).limit(self.limit)

    def _messages(self) -> sa.Select[Any]:
        ready = self.at_rest.label("ready")
        return sa.select(messages.c.id, messages.c.request_id, ready)

    def _ended(
        self, some: Sequence[sa.Row[Any]], rows: Sequence[sa.Row[Any]], begun: _Place
    ) -> list[UUID]:
        """Tell which requests are done with: of some, messages may still be written."""
        kept = {row.request_id for row in rows if not row.ready}
        if begun.kept:
            kept.add(begun.request)
        seen = Counter(row.request_id for row in rows)
        seen[begun.request] += begun.seen
        given_up = named(self.cutoff.unheard_before)
        return [
            row.id
            for row in some
            if row.id not in kept and (seen[row.id] >= row.recipients or row.id < given_up)
        ]


def _together(old: Sequence[sa.Row[Any]], limit: int) -> int:
    """Count the requests that are looked at at once: at least one."""
    sums = accumulate(int(row.recipients) for row in old)
    return max(1, sum(so_far < limit for so_far in sums))


def _ready(rows: Sequence[sa.Row[Any]]) -> Mapping[UUID, UUID]:
    return {row.id: row.request_id for row in rows if row.ready}


def _passed(place: _Place, rows: Sequence[sa.Row[Any]]) -> _Place:
    kept = place.kept or not all(row.ready for row in rows)
    return _Place(place.request, rows[-1].id, place.seen + len(rows), kept)
