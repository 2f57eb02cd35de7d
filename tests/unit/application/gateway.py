"""The use cases on fakes, wired as the container wires them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from application.admission import Admission
from application.attempts import Attempts
from application.audit import Audit
from application.breaker import Breakers
from application.consent import Consent
from application.dispatcher import Dispatcher
from application.orders import Orders
from application.places import Places
from application.pump import Pump, Tools
from application.retry import Retry
from application.routing import Carrier, Routing
from application.send_command import SendCommand
from application.send_report import SendReport
from application.settler import Settler
from application.submission import Submission
from application.upkeep import Upkeep
from domain.message import Channel, Message
from domain.outcome import Accepted, SubmitOutcome
from tests.fakes import (
    CountingIds,
    FixedClock,
    Happening,
    MemoryBlacklist,
    MemoryOptOuts,
    MemoryOutbox,
    PlainNumbering,
    ScriptedProvider,
)
from tests.fakes.audit import MemoryAuditLog
from tests.fakes.telemetry import HeardTelemetry

PHONE = "77011234567"
OTHER = "77070001234"
TTL_S = 86_400
SCOPING = frozenset({"twilio"})
Answering = Callable[[Message], SubmitOutcome]


def accepting(_: Message) -> SubmitOutcome:
    return Accepted("1")


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so, however slow the machine is."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - conditions of fakes, which tell nobody
            await asyncio.sleep(0)


async def turns(count: int = 100) -> None:
    """Let everybody else do what they can do now."""
    for _ in range(count):
        await asyncio.sleep(0)


class Gateway:
    """Everything between a command and a provider.

    Attributes:
        provider: the default one, smscru.
        providers: all of them, by code; the spare ones have no voice.
    """

    def __init__(  # noqa: PLR0913 - each test names the one or two it is about
        self,
        answer: Answering = accepting,
        *,
        concurrency: int = 3,
        listed: tuple[str, ...] = (),
        voice: bool = True,
        spares: Mapping[str, Answering] | None = None,
        fallback: tuple[str, ...] = (),
        spacing_s: float = 0.0,
        max_attempts: int = 10,
    ) -> None:
        self.journal: list[Happening] = []
        self.clock = FixedClock()
        self.outbox = MemoryOutbox(self.journal, clock=self.clock)
        self.states = self.outbox.states
        self.blacklist = MemoryBlacklist(listed)
        self.opt_outs = MemoryOptOuts()
        self.consent = Consent(self.blacklist, self.opt_outs, SCOPING)
        self.provider = ScriptedProvider(answer, journal=self.journal)
        self.providers = {"smscru": self.provider} | {
            code: ScriptedProvider(spare, journal=self.journal)
            for code, spare in (spares or {}).items()
        }
        self.carriers = {
            code: Carrier(
                code=code,
                timeout_s=30,
                places=Places(concurrency),
                spacing_s=spacing_s,
                sms=provider,
                voice=provider if voice and code == "smscru" else None,
            )
            for code, provider in self.providers.items()
        }
        self.stopping = False
        self.holds = True
        ids = CountingIds()
        self.breakers = Breakers(self.states, self.clock)
        self.telemetry = HeardTelemetry()
        self.settler = Settler(self.outbox, self.consent.refused)
        self.attempts = Attempts(
            self.settler,
            self.breakers,
            self.clock,
            first_lookup_s=5,
            first_poll_s=30,
            telemetry=self.telemetry,
        )
        admission = Admission(self.states, self.breakers)
        self.dispatcher = Dispatcher(
            self.outbox, admission, self.attempts, self.settler, self.clock, ids, self.telemetry
        )
        self.upkeep = Upkeep(self.outbox, self.breakers, [*self.carriers], max_age_s=3600)
        self.tools = Tools(
            outbox=self.outbox,
            consent=self.consent,
            attempts=self.attempts,
            settler=self.settler,
            breakers=self.breakers,
            retry=Retry(max_attempts, lambda: 1.0),
            upkeep=self.upkeep,
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.orders = Orders(
            Routing(self.carriers, "smscru", fallback),
            PlainNumbering(),
            self.consent,
            self.upkeep,
            self.clock,
            ids,
            default_ttl_s=TTL_S,
        )
        self.audit_log = MemoryAuditLog()
        self.audit = Audit(self.audit_log, self.clock, CountingIds())
        self.submission = Submission(
            self.orders,
            self.consent,
            self.outbox,
            self.dispatcher,
            self.clock,
            self.audit,
            stopping=lambda: self.stopping,
            holds=lambda _: self.holds,
        )

    async def send(
        self,
        *phones: str,
        channel: Channel = Channel.SMS,
        text: str = "Hello",
        **more: Any,  # noqa: ANN401 - whatever else a command has
    ) -> SendReport:
        return await self.submission(SendCommand(phones=phones, text=text, **more), channel)

    async def queue(self, *phones: str, **more: Any) -> SendReport:  # noqa: ANN401 - see above
        return await self.send(*phones, background=True, **more)

    async def start(self, *phones: str) -> asyncio.Task[SendReport]:
        """Begin to send, and return when the provider has all of it but has not answered."""
        self.provider.gate.clear()
        sending = asyncio.create_task(self.send(*phones))
        await until(lambda: len(self.provider.submitted) == len(phones))
        return sending

    @asynccontextmanager
    async def pumping(self) -> AsyncIterator[tuple[Pump, ...]]:
        """Have the queues served for as long as the block lasts."""
        pumps = tuple(Pump(carrier, self.tools) for carrier in self.carriers.values())
        for pump in pumps:
            pump.start()
        try:
            yield pumps
        finally:
            await asyncio.gather(*(pump.close() for pump in pumps))
            await self.settler.close(5)

    async def open_circuit(self, code: str, seconds: float = 60) -> None:
        """Open the circuit of a provider, as another process would."""
        await self.states.trip(code, seconds, "it fails")
        await self.breakers.refresh()

    def status(self, phone: str) -> str:
        return self.outbox.message(phone).message.status

    def statuses(self, phones: list[str]) -> list[str]:
        return [self.status(phone) for phone in phones]

    def history(self, phone: str) -> list[str]:
        return [event.name for event in self.outbox.message(phone).history]

    def submitted(self, code: str = "smscru") -> list[str]:
        """Return the phones a provider was handed, in order."""
        return [message.recipient.msisdn for message in self.providers[code].submitted]


def phones(count: int) -> list[str]:
    return [f"7701{number:07d}" for number in range(count)]
