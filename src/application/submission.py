"""From one request to its messages: checked, thinned by the blacklist, sent."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from application.dispatcher import Dispatcher
from application.errors import DuplicateKeyError, StoppingError, StorageUnavailableError
from application.ports.outbox import NewMessage, Outbox
from application.ports.repositories import BlacklistRepository
from application.ports.system import Clock, Ids, NumberingPlan
from application.routing import Carrier, Routing
from application.schedule import Schedule, schedule
from application.send_command import SendCommand
from application.send_report import BLACKLISTED, EXPIRED, NOT_STORED, STOPPING, SendReport
from application.upkeep import Upkeep
from domain.errors import (
    FieldProblem,
    InvalidPhoneError,
    InvalidTermsError,
    RecipientCountError,
)
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import (
    Channel,
    Failure,
    Message,
    MessageStatus,
    check_reference,
    check_text,
)
from domain.phone import Phone
from domain.request import Request
from domain.segments import Segments, count_segments
from domain.sender_id import SenderId
from domain.terms import OnUnknown, Terms

T = TypeVar("T")
MAX_RECIPIENTS = 100_000
SLICE = 1_000
"""No loop over recipients runs longer than this before other requests get their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A request that was found to be good.

    Attributes:
        messages: one per recipient; ``blocked`` where the blacklist has it.
    """

    request: Request
    key: IdempotencyKey | None
    segments: Segments
    route: tuple[Carrier, ...]
    messages: tuple[Message, ...]


class Submission:
    """The way of a request, the same for messages and calls."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port, or a part of the pipeline
        self,
        routing: Routing,
        numbering: NumberingPlan,
        blacklist: BlacklistRepository,
        outbox: Outbox,
        dispatcher: Dispatcher,
        upkeep: Upkeep,
        clock: Clock,
        ids: Ids,
        *,
        default_ttl_s: float,
        stopping: Callable[[], bool],
        holds: Callable[[IdempotencyKey], bool],
    ) -> None:
        self._routing = routing
        self._numbering = numbering
        self._blacklist = blacklist
        self._outbox = outbox
        self._dispatcher = dispatcher
        self._upkeep = upkeep
        self._clock = clock
        self._ids = ids
        self._default_ttl_s = default_ttl_s
        self._stopping = stopping
        self._holds = holds

    async def __call__(self, command: SendCommand, channel: Channel) -> SendReport:
        """Check the command whole; then send to every recipient who may be written to.

        A caller who does not wait has the messages queued instead.

        Raises:
            DomainError: something in it is wrong; nothing was stored or sent.
            StorageUnavailableError: the database is away; nothing was sent.
            DuplicateKeyError: its idempotency key was used before; nothing was stored or sent.
            StoppingError: the service is stopping; nothing was stored or sent.
        """
        if self._stopping():
            raise StoppingError
        order = await self._order(command, channel)
        if command.dry_run:
            return SendReport(order.request, order.segments, order.messages)
        if order.request.background:
            messages = await self._queue(order)
        else:
            messages = await self._send(order)
        return SendReport(order.request, order.segments, messages)

    async def _order(self, command: SendCommand, channel: Channel) -> _Order:
        _check(command, channel)
        sender = SenderId(command.sender) if command.sender is not None else None
        now = self._clock.now()
        times = schedule(command, now, self._default_ttl_s)
        route = self._routing.route(command.provider, command.fallback, channel, command.text)
        if not command.waits:
            self._upkeep.check_age(route[0].code, command.priority)
        recipients = await self._recipients(command.phones)
        listed = frozenset() if command.force else await self._listed(recipients)
        request = Request(
            id=self._ids.new(),
            channel=channel,
            text=command.text,
            recipients=len(recipients),
            created_at=now,
            sender=sender,
            reference=command.reference,
            terms=Terms(
                route=tuple(carrier.code for carrier in route),
                priority=command.priority,
                on_unknown=command.on_unknown,
                force=command.force,
            ),
            background=not command.waits,
        )
        return _Order(
            request=request,
            key=None if command.dry_run else command.key,
            segments=count_segments(command.text),
            route=route,
            messages=await self._messages(request, times, recipients, listed),
        )

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
        times: Schedule,
        recipients: Sequence[Phone],
        listed: frozenset[Phone],
    ) -> tuple[Message, ...]:
        messages: list[Message] = []
        for part in _slices(recipients):
            messages += [self._message(request, times, p, blocked=p in listed) for p in part]
            if len(recipients) > SLICE:
                await asyncio.sleep(0)
        return tuple(messages)

    def _message(
        self, request: Request, times: Schedule, recipient: Phone, *, blocked: bool
    ) -> Message:
        return Message(
            id=self._ids.new(),
            request_id=request.id,
            channel=request.channel,
            recipient=recipient,
            text=request.text,
            provider=request.terms.route[0],
            status=MessageStatus.BLOCKED if blocked else MessageStatus.QUEUED,
            created_at=request.created_at,
            updated_at=request.created_at,
            sender=request.sender,
            reference=request.reference,
            terms=request.terms,
            due_at=times.due_at,
            expires_at=times.expires_at,
            failure=BLACKLISTED if blocked else None,
        )

    async def _queue(self, order: _Order) -> tuple[Message, ...]:
        """Write all messages, slice by slice; what could not be written says so."""
        first, *others = _slices(order.messages)
        await self._write(order, first, opening=True)
        messages = list(first)
        for part in others:
            try:
                written = self._may_go_on(order)
                if written:
                    await self._write(order, part)
                messages += part if written else [_lost(message, STOPPING) for message in part]
            except StorageUnavailableError:
                messages += [_lost(message, NOT_STORED) for message in part]
        return tuple(messages)

    async def _write(
        self, order: _Order, messages: Sequence[Message], *, opening: bool = False
    ) -> None:
        news = [_new(message, order.segments) for message in messages]
        if not opening:
            await self._outbox.accept(news)
        elif not await self._outbox.accept(news, order.request, order.key):
            raise DuplicateKeyError

    async def _send(self, order: _Order) -> tuple[Message, ...]:
        messages = order.messages
        if len(messages) == 1 and messages[0].status is MessageStatus.QUEUED:
            return (
                await self._dispatcher.send(
                    messages[0], order.segments, order.route, order.request, order.key
                ),
            )
        blocked = [message for message in messages if message.status is MessageStatus.BLOCKED]
        first, *others = _slices(blocked) if blocked else ([],)
        await self._write(order, first, opening=True)
        for part in others:
            await self._write(order, part)
        return await self._send_each(order)

    async def _send_each(self, order: _Order) -> tuple[Message, ...]:
        """Send as many at once as the provider takes."""
        results = list(order.messages)
        waiting = iter([i for i, m in enumerate(results) if m.status is MessageStatus.QUEUED])

        async def work() -> None:
            for index in waiting:
                results[index] = await self._send_one(results[index], order)

        workers = [work() for _ in range(min(order.route[0].places.count, len(results)))]
        # Every one is waited for: no message is sent on behind a request that was answered.
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if ended is not None:
                raise ended
        return tuple(results)

    async def _send_one(self, message: Message, order: _Order) -> Message:
        """Send one of many: the others go on when the database fails this one."""
        if self._stopping() or not self._may_go_on(order):
            return _lost(message, STOPPING)
        try:
            over = await self._over(message)
            if over is not None:
                await self._write(order, [over])
                return over
            return await self._dispatcher.send(message, order.segments, order.route)
        except StorageUnavailableError:
            return _lost(message, NOT_STORED)

    def _may_go_on(self, order: _Order) -> bool:
        """Tell whether nobody can have been told meanwhile that the rest is not sent."""
        return order.key is None or self._holds(order.key)

    async def _over(self, message: Message) -> Message | None:
        """End a message that must not go any more: its request may be under way for long."""
        now = self._clock.now()
        if message.expired(now):
            return message.moved(MessageStatus.EXPIRED, now, EXPIRED)
        if not message.terms.force and await self._blacklist.listed([message.recipient]):
            return message.moved(MessageStatus.BLOCKED, now, BLACKLISTED)
        return None


def _check(command: SendCommand, channel: Channel) -> None:
    check_text(command.text)
    if command.reference is not None:
        check_reference(command.reference)
    if channel is Channel.CALL and command.on_unknown is OnUnknown.RESEND:
        raise InvalidTermsError("A call is never made twice; leave on_unknown at hold.")


def _lost(message: Message, failure: Failure) -> Message:
    """Say that a message was never written."""
    return replace(message, status=MessageStatus.FAILED, failure=failure)


def _new(message: Message, segments: Segments) -> NewMessage:
    """Make a message ready to be written that is not sent now."""
    if message.failure is None:
        return NewMessage(message, segments, None)
    event = Event(at=message.updated_at, name=EventName(message.status), text=message.failure.text)
    return NewMessage(message, segments, None, (event,))


def _slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
