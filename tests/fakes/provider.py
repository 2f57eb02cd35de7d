"""A provider that says what it is told to."""

import asyncio
from collections.abc import Callable

from domain.message import Message
from domain.outcome import Accepted, SubmitOutcome
from domain.text_limit import TextLimit
from tests.fakes.rows import Happening


class ScriptedProvider:
    """Sends nothing; answers what it is told to.

    Attributes:
        journal: every submitted phone, and its answer, in order.
        submitted: the messages it was handed, as they were.
        most: how many submissions were under way at once, at most.
        begun: set with the first submission.
    """

    def __init__(
        self,
        answer: Callable[[Message], SubmitOutcome] = lambda _: Accepted("1"),
        *,
        journal: list[Happening] | None = None,
        limit: int = 1000,
    ) -> None:
        self._answer = answer
        self._limit = TextLimit(characters=limit)
        self.journal = [] if journal is None else journal
        self.submitted: list[Message] = []
        self.most = 0
        self._under_way = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    def check_text(self, text: str) -> None:
        self._limit.check(text)

    def check_speech(self, text: str) -> None:
        self._limit.check(text)

    async def submit(self, message: Message) -> SubmitOutcome:
        self.journal.append(("submit", message.recipient.msisdn))
        self.submitted.append(message)
        self.begun.set()
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(0)
            await self.gate.wait()
            return self._answer(message)
        finally:
            self._under_way -= 1

    async def place(self, call: Message) -> SubmitOutcome:
        return await self.submit(call)
