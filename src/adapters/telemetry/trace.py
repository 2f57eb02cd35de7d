"""Traces: the way of a request, from the call that made it to its last receipt.

A trace has the name of its request, so that any process can add to it at any time, and nothing has
to be handed on or kept.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

Facts = Mapping[str, str | int]
"""What is said of a step: ids, codes and states; no phone, no text, no secret."""
NONE: Facts = {}
TRACE_ID: ContextVar[UUID | None] = ContextVar("trace_id", default=None)
"""The request whose trace was last added to here; log lines carry it."""


@dataclass(slots=True)
class Call:
    """A call of the API that is being answered.

    Attributes:
        request_id: the request it has made, once it has.
    """

    request_id: UUID | None = None


CALL: ContextVar[Call | None] = ContextVar("call", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call of the API that has been answered.

    Attributes:
        request_id: the request it made, if it made one.
        began_ns: when it came, in nanoseconds since 1970.
        status: of the answer; 0 where there was none.
        caller: the ``traceparent`` it came with.
    """

    method: str
    route: str
    request_id: UUID | None
    began_ns: int
    status: int
    caller: str | None


class Step(Protocol):
    """Something that is being done for a request."""

    def came_to(self, outcome: str, facts: Facts = NONE, *, failed: bool = False) -> None:
        """Say what it came to."""
        ...


class Trace(Protocol):
    """Takes down what is done for requests; nobody waits for it, and it never fails."""

    def step(
        self,
        request_id: UUID,
        name: str,
        facts: Facts = NONE,
        *,
        outward: bool = False,
        began_at: datetime | None = None,
    ) -> AbstractContextManager[Step]:
        """Take down a step, which ends with the block; an error that leaves the block is noted.

        Args:
            request_id: whose trace it belongs to.
            name: of few; what tells steps apart belongs into the facts.
            facts: known before it begins.
            outward: somebody else's service is called.
            began_at: where that is not now.
        """
        ...

    def answered(self, call: Answered) -> None:
        """Take down a call of the API: the first step of its request, or one without any."""
        ...

    async def close(self) -> None:
        """Send what was taken down, if that can be done soon."""
        ...
