"""From one request to its messages: checked, thinned by the blacklist, sent."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from application.dispatcher import Dispatcher
from application.errors import StorageUnavailableError
from application.ports.outbox import NewMessage, Outbox
from application.ports.repositories import BlacklistRepository
from application.ports.system import Clock, Ids, NumberingPlan
from application.routing import Carrier, Routing
from application.send_command import SendCommand
from application.send_report import BLACKLISTED, NOT_STORED, SendReport
from domain.errors import FieldProblem, InvalidPhoneError, RecipientCountError
from domain.event import Event, EventName
from domain.message import (
    Channel,
    Message,
    MessageStatus,
    check_reference,
    check_text,
)
from domain.phone import Phone
from domain.request import Request
from domain.segments import Segments, count_segments
from domain.sender_id import SenderId

T = TypeVar("T")
MAX_RECIPIENTS = 100_000
SLICE = 1_000
"""No loop over recipients runs longer than this before other requests get their turn."""


class Submission:
    """The way of a request, the same for messages and calls."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port
        self,
        routing: Routing,
        numbering: NumberingPlan,
        blacklist: BlacklistRepository,
        outbox: Outbox,
        dispatcher: Dispatcher,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._routing = routing
        self._numbering = numbering
        self._blacklist = blacklist
        self._outbox = outbox
        self._dispatcher = dispatcher
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: SendCommand, channel: Channel) -> SendReport:
        """Check the command whole, then send to every recipient who may be written to.

        Raises:
            DomainError: something in it is wrong; nothing was stored or sent.
            StorageUnavailableError: the database is away; nothing was sent.
        """
        check_text(command.text)
        if command.reference is not None:
            check_reference(command.reference)
        sender = SenderId(command.sender) if command.sender is not None else None
        carrier = self._routing.choose(command.provider, channel)
        carrier.check(command.text, channel)
        recipients = await self._recipients(command.phones)
        listed = frozenset() if command.force else await self._listed(recipients)
        request = Request(
            id=self._ids.new(),
            channel=channel,
            text=command.text,
            recipients=len(recipients),
            created_at=self._clock.now(),
            sender=sender,
            reference=command.reference,
        )
        messages = await self._messages(request, carrier, recipients, listed)
        segments = count_segments(command.text)
        if not command.dry_run:
            messages = await self._send(messages, segments, carrier, request, force=command.force)
        return SendReport(request, segments, messages)

    async def _recipients(self, phones: Sequence[str]) -> Sequence[Phone]:
        """Read the phones, each once, in the order they were named."""
        if not 1 <= len(phones) <= MAX_RECIPIENTS:
            raise RecipientCountError(
                f"A request has 1 to {MAX_RECIPIENTS} phones; this one has {len(phones)}."
            )
        found: dict[Phone, None] = {}
        problems: list[FieldProblem] = []
        for index, text in enumerate(phones):
            try:
                found[self._numbering.read(text)] = None
            except InvalidPhoneError as error:
                problems.append(FieldProblem(f"phones[{index}]", error.message))
            if index % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        if problems:
            raise InvalidPhoneError(
                f"{len(problems)} of {len(phones)} phones cannot be numbers; nothing was sent.",
                problems,
            )
        return tuple(found)

    async def _listed(self, recipients: Sequence[Phone]) -> frozenset[Phone]:
        if len(recipients) <= SLICE:
            return await self._blacklist.listed(recipients)
        listed: set[Phone] = set()
        for part in _slices(recipients):
            listed |= await self._blacklist.listed(part)
            await asyncio.sleep(0)
        return frozenset(listed)

    async def _messages(
        self,
        request: Request,
        carrier: Carrier,
        recipients: Sequence[Phone],
        listed: frozenset[Phone],
    ) -> tuple[Message, ...]:
        messages: list[Message] = []
        for part in _slices(recipients):
            messages += [self._message(request, carrier, p, blocked=p in listed) for p in part]
            if len(recipients) > SLICE:
                await asyncio.sleep(0)
        return tuple(messages)

    def _message(
        self, request: Request, carrier: Carrier, recipient: Phone, *, blocked: bool
    ) -> Message:
        return Message(
            id=self._ids.new(),
            request_id=request.id,
            channel=request.channel,
            recipient=recipient,
            text=request.text,
            provider=carrier.code,
            status=MessageStatus.BLOCKED if blocked else MessageStatus.QUEUED,
            created_at=request.created_at,
            updated_at=request.created_at,
            sender=request.sender,
            reference=request.reference,
            failure=BLACKLISTED if blocked else None,
        )

    async def _send(
        self,
        messages: tuple[Message, ...],
        segments: Segments,
        carrier: Carrier,
        request: Request,
        *,
        force: bool,
    ) -> tuple[Message, ...]:
        if len(messages) == 1 and messages[0].status is MessageStatus.QUEUED:
            return (await self._dispatcher.send(messages[0], segments, carrier, request),)
        await self._accept_blocked(messages, segments, request)
        results = list(messages)
        waiting = iter([i for i, m in enumerate(messages) if m.status is MessageStatus.QUEUED])

        async def work() -> None:
            for index in waiting:
                message = results[index]
                # The request may have been under way for long: somebody may have opted out.
                if not force and await self._blacklist.listed([message.recipient]):
                    message = message.moved(MessageStatus.BLOCKED, self._clock.now(), BLACKLISTED)
                results[index] = await self._send_one(message, segments, carrier)

        workers = [work() for _ in range(min(carrier.concurrency, len(messages)))]
        # Every one is waited for: no message is sent on behind a request that was answered.
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if ended is not None:
                raise ended
        return tuple(results)

    async def _send_one(self, message: Message, segments: Segments, carrier: Carrier) -> Message:
        """Send one of many: the others go on when the database fails this one."""
        try:
            if message.status is MessageStatus.BLOCKED:
                await self._outbox.accept([_blocked(message, segments)])
                return message
            return await self._dispatcher.send(message, segments, carrier)
        except StorageUnavailableError:
            return replace(message, status=MessageStatus.FAILED, failure=NOT_STORED)

    async def _accept_blocked(
        self, messages: Sequence[Message], segments: Segments, request: Request
    ) -> None:
        """Write the request, and the messages that are not sent: they, too, must be found."""
        blocked = [message for message in messages if message.status is MessageStatus.BLOCKED]
        first, *others = _slices(blocked) if blocked else ([],)
        await self._outbox.accept([_blocked(message, segments) for message in first], request)
        for part in others:
            await self._outbox.accept([_blocked(message, segments) for message in part])


def _blocked(message: Message, segments: Segments) -> NewMessage:
    event = Event(at=message.updated_at, name=EventName.BLOCKED, text=BLACKLISTED.text)
    return NewMessage(message, segments, None, (event,))


def _slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
