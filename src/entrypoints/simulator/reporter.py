"""Tells the gateway what became of the messages that were taken."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Protocol

from entrypoints.simulator.callbacks import Callback
from entrypoints.simulator.inbound import Inbound
from entrypoints.simulator.poster import Poster
from entrypoints.simulator.reporting import ReportingBoard, Way
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.states import State, StateBoard
from entrypoints.simulator.wire import ProviderCode


class Teller(Protocol):
    """Writes one provider's callbacks."""

    def receipts(self, message: SentMessage, state: State) -> Sequence[Callback]:
        """Return what there is to tell of a message, oldest first; the last is its final state."""
        ...

    def inbound(self, inbound: Inbound) -> Callback | None:
        """Return what tells of a subscriber's message; ``None``: there is nowhere to tell it."""
        ...


class Reporter:
    """Posts every callback in a task of its own, so that the wires never wait for the gateway."""

    def __init__(
        self,
        tellers: Mapping[ProviderCode, Teller],
        states: StateBoard,
        reporting: ReportingBoard,
        poster: Poster,
    ) -> None:
        self._tellers = tellers
        self._states = states
        self._reporting = reporting
        self._poster = poster
        self._running: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """How many messages there still is something to tell of."""
        return len(self._running)

    async def taken(self, messages: Sequence[SentMessage], delay_s: float = 0.0) -> None:
        """Begin to tell; returns once that is told which has to be before the send's answer.

        The answer is held back for ``delay_s``, and with it all that comes after it.
        """
        early = []
        for message in messages:
            reporting = self._reporting.of(message)
            story = self._story(message)
            steps = reporting.schedule(story) if story else []
            if reporting.way is Way.BEFORE_THE_ANSWER and steps:
                early.append(self._start(self._tell(steps)))
            elif steps:
                self._start(self._tell(steps, delay_s))
        if early:
            # A client that goes away ends this wait, not the telling.
            await asyncio.wait(early)

    async def tell(self, inbound: Inbound) -> list[int | None]:
        """Tell of a subscriber's message; the gateway's HTTP status each time, if it answered.

        Raises:
            ValueError: nobody can be told.
        """
        teller = self._tellers.get(inbound.provider)
        callback = teller.inbound(inbound) if teller else None
        if callback is None:
            raise ValueError("there is nowhere to tell it: no such handler, or no gateway set")
        return [await self._poster.post(callback) for _ in range(inbound.times)]

    async def close(self) -> None:
        """Stop telling."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._poster.close()

    def _story(self, message: SentMessage) -> Sequence[Callback]:
        teller = self._tellers.get(message.provider)
        return teller.receipts(message, self._states.peek(message)) if teller else ()

    def _start(self, telling: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(telling)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _tell(self, steps: Sequence[tuple[float, Callback]], delay_s: float = 0.0) -> None:
        await asyncio.sleep(delay_s)
        for pause_s, callback in steps:
            await asyncio.sleep(pause_s)
            await self._poster.post(callback)
