"""What an outbox should be like after all that was done to it, in a dictionary."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

from hypothesis.stateful import RuleBasedStateMachine, invariant

from application.ports.outbox import Claimed, Lease, NewMessage, Outbox, Settlement
from application.ports.repositories import MessageFilter, MessageRepository
from domain.event import Event, EventName
from domain.message import Message, MessageStatus
from tests.contracts.outbox.fixtures import found, names, now
from tests.fakes import FixedClock

T = TypeVar("T")
S = MessageStatus
GONE_S = 0.0
"""The length of leases of the other process, which is gone whenever somebody looks."""
HELD_S = 36_000.0


class Stores(NamedTuple):
    """Two processes' outboxes on one empty database, and its clock where that can be moved."""

    outbox: Outbox
    other: Outbox
    reader: MessageRepository
    clock: FixedClock | None


@dataclass(slots=True)
class Known:
    """What the model knows of a message.

    Attributes:
        due: when it may be claimed, in the model's seconds.
        expires: when it is too late.
        lookup: when it is asked about.
        held: the lease on it, as it was given.
        swept: it was put in doubt under that lease, which counts until somebody else holds it.
        gone: the process that holds it is.
    """

    message: Message
    due: float
    expires: float | None = None
    lookup: float | None = None
    held: NewMessage | Claimed | None = None
    swept: bool = False
    gone: bool = False
    history: list[str] = field(default_factory=lambda: ["accepted"])

    @property
    def counts(self) -> tuple[str, str, int, int, int]:
        """What must be the same on disk."""
        message = self.message
        counts = (message.attempts, message.lookups, message.resends)
        return (message.status, message.provider, *counts)


class ModelledOutbox(RuleBasedStateMachine):
    """An outbox, what it should be like, and how both are asked and changed together."""

    def __init__(self, opened: AbstractAsyncContextManager[Stores]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.stores = self.run(self.stack.enter_async_context(opened))
        self.time = 0.0
        self.model: dict[UUID, Known] = {}
        self.stale: list[Settlement] = []
        self.done: dict[UUID, Settlement] = {}
        self.numbers = 0

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def teardown(self) -> None:
        try:
            for message_id, known in self.model.items():
                stored = self.run(found(self.stores.reader, message_id))
                assert names(stored) == known.history
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    def process(self, *, gone: bool) -> tuple[Outbox, float]:
        """Return a process, and the length of its leases."""
        return (self.stores.other, GONE_S) if gone else (self.stores.outbox, HELD_S)

    def those(self, *statuses: MessageStatus, held: bool = False) -> list[Known]:
        """Return what the model has in some state."""
        return [
            known
            for known in self.model.values()
            if known.message.status in statuses and (known.held is not None or not held)
        ]

    def late(self, known: Known) -> bool:
        """Tell whether a message's time is over."""
        return known.expires is not None and known.expires <= self.time

    def pick(self, pick: int, *statuses: MessageStatus, held: bool = False) -> Known | None:
        """Choose one of those."""
        those = self.those(*statuses, held=held)
        return those[pick % len(those)] if those else None

    @invariant()
    def every_message_is_there_once_and_as_the_model_has_it(self) -> None:
        reading = self.stores.reader.find(MessageFilter(), before=None, limit=1000)
        stored = [one.message for one in self.run(reading)]
        assert len(stored) == len(self.model)
        for message in stored:
            assert Known(message, 0).counts == self.model[message.id].counts

    def finish(
        self,
        known: Known,
        message: Message,
        name: EventName,
        wait_s: float | None = 0.0,
        *,
        renew: bool = False,
    ) -> None:
        """Settle, and know it."""
        assert known.held is not None
        assert known.held.lease is not None
        lease = known.held.lease
        renewed = Lease(message.id, uuid4(), lease.length_s) if renew else None
        event = Event(at=now(), name=name, provider=message.provider)
        was = S.SENDING if known.swept else known.message.status
        settlement = Settlement(message, lease, (event,), was, wait_s, renewed)
        outbox, _ = self.process(gone=known.gone)
        assert self.run(outbox.settle(settlement))
        self.done[message.id] = settlement
        known.swept = False
        known.held = (
            None if renewed is None else replace(known.held, message=message, lease=renewed)
        )
        known.message = message
        known.history.append(name)
        if message.status is S.QUEUED:
            known.due = self.time + (wait_s or 0.0)
        if message.status is S.UNKNOWN:
            known.lookup = None if wait_s is None else self.time + wait_s

    def lose(self, known: Known) -> None:
        """Have all former leases on a message be over: from now on they settle nothing."""
        if done := self.done.pop(known.message.id, None):
            self.stale.append(done)
        if known.held is not None and known.held.lease is not None:
            was = S.SENDING if known.swept else known.message.status
            self.stale.append(Settlement(known.message, known.held.lease, (), was))
        known.held, known.swept = None, False
