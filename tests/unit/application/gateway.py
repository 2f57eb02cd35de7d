"""The use cases on fakes, wired as the container wires them."""

import asyncio
from collections.abc import Callable
from typing import Any

from application.dispatcher import Dispatcher
from application.routing import Carrier, Routing
from application.send_command import SendCommand
from application.send_report import SendReport
from application.submission import Submission
from domain.message import Channel, Message
from domain.outcome import Accepted, SubmitOutcome
from tests.fakes import (
    CountingIds,
    FixedClock,
    Happening,
    MemoryBlacklist,
    MemoryOutbox,
    PlainNumbering,
    ScriptedProvider,
)

PHONE = "77011234567"
OTHER = "77070001234"


def accepting(_: Message) -> SubmitOutcome:
    return Accepted("1")


class Gateway:
    """Everything between a command and a provider."""

    def __init__(
        self,
        answer: Callable[[Message], SubmitOutcome] = accepting,
        *,
        concurrency: int = 3,
        listed: tuple[str, ...] = (),
        voice: bool = True,
    ) -> None:
        self.journal: list[Happening] = []
        self.outbox = MemoryOutbox(self.journal)
        self.provider = ScriptedProvider(answer, journal=self.journal)
        self.blacklist = MemoryBlacklist(listed)
        self.clock = FixedClock()
        ids = CountingIds()
        self.dispatcher = Dispatcher(self.outbox, self.clock, ids)
        carrier = Carrier(
            code="smscru",
            concurrency=concurrency,
            timeout_s=30,
            slots=asyncio.Semaphore(concurrency),
            sms=self.provider,
            voice=self.provider if voice else None,
        )
        self.submission = Submission(
            Routing({"smscru": carrier}, "smscru"),
            PlainNumbering(),
            self.blacklist,
            self.outbox,
            self.dispatcher,
            self.clock,
            ids,
        )

    async def send(
        self,
        *phones: str,
        channel: Channel = Channel.SMS,
        text: str = "Hello",
        **more: Any,  # noqa: ANN401 - whatever else a command has
    ) -> SendReport:
        return await self.submission(SendCommand(phones=phones, text=text, **more), channel)

    async def start(self, *phones: str) -> asyncio.Task[SendReport]:
        """Begin to send, and return when the provider has all of it but has not answered."""
        self.provider.gate.clear()
        sending = asyncio.create_task(self.send(*phones))
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(self.provider.submitted) == len(phones)
        return sending


def phones(count: int) -> list[str]:
    return [f"7701{number:07d}" for number in range(count)]
