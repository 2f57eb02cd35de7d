"""A provider that can be asked what became of messages."""

import asyncio
from collections.abc import Callable, Sequence

from domain.lookup import Found, Lookup
from domain.message import Message, MessageStatus

Answering = Callable[[Message], Lookup]


def delivered(_: Message) -> Lookup:
    return Found(status=MessageStatus.DELIVERED, provider_code="1", text="Delivered")


class ScriptedSource:
    """Tells what it is told to.

    Attributes:
        asked: the messages of each question, in order.
    """

    def __init__(self, answer: Answering = delivered, batch: int = 1) -> None:
        self.answer = answer
        self.size = batch
        self.asked: list[list[Message]] = []

    @property
    def batch(self) -> int:
        return self.size

    async def states(self, messages: Sequence[Message]) -> Sequence[Lookup]:
        self.asked.append([*messages])
        await asyncio.sleep(0)
        return [self.answer(message) for message in messages]
