"""The way of a request: read, then sent while its caller waits, or queued."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from application.audit import Audit
from application.consent import Consent
from application.dispatcher import Dispatcher
from application.errors import DuplicateKeyError, StoppingError, StorageUnavailableError
from application.orders import Order, Orders
from application.ports.outbox import NewMessage, Outbox
from application.ports.system import Clock
from application.send_command import SendCommand
from application.send_report import EXPIRED, NOT_STORED, STOPPING, SendReport
from application.slices import slices
from domain.audit import AuditAction
from domain.event import Event, EventName
from domain.idempotency import IdempotencyKey
from domain.message import Channel, Failure, Message, MessageStatus
from domain.segments import Segments


class Submission:
    """The way of a request, the same for messages and calls."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port, or a part of the pipeline
        self,
        orders: Orders,
        consent: Consent,
        outbox: Outbox,
        dispatcher: Dispatcher,
        clock: Clock,
        audit: Audit,
        *,
        stopping: Callable[[], bool],
        holds: Callable[[IdempotencyKey], bool],
    ) -> None:
        """Send through ``dispatcher``.

        Args:
            orders: reads commands.
            consent: is asked again before each of many messages.
            outbox: where messages are queued.
            dispatcher: sends while the caller waits.
            clock: what time it is.
            audit: where it is written who forced a request, before it is stored.
            stopping: tells whether nothing new may begin.
            holds: tells whether a key's call may go on; see ``Replays.holds``.
        """
        self._orders = orders
        self._consent = consent
        self._outbox = outbox
        self._dispatcher = dispatcher
        self._clock = clock
        self._audit = audit
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
        order = await self._orders(command, channel)
        if command.dry_run:
            return SendReport(order.request, order.segments, order.messages)
        if command.force:
            detail = f"{channel} to {order.request.recipients} phones"
            await self._audit(command.by, AuditAction.MESSAGE_FORCED, str(order.request.id), detail)
        if order.request.background:
            messages = await self._queue(order)
        else:
            messages = await self._send(order)
        return SendReport(order.request, order.segments, messages)

    async def _queue(self, order: Order) -> tuple[Message, ...]:
        """Write all messages, slice by slice; what could not be written says so."""
        first, *others = slices(order.messages)
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
        self, order: Order, messages: Sequence[Message], *, opening: bool = False
    ) -> None:
        news = [_new(message, order.segments) for message in messages]
        if not opening:
            await self._outbox.accept(news)
        elif not await self._outbox.accept(news, order.request, order.key):
            raise DuplicateKeyError

    async def _send(self, order: Order) -> tuple[Message, ...]:
        messages = order.messages
        if len(messages) == 1 and messages[0].status is MessageStatus.QUEUED:
            return (
                await self._dispatcher.send(
                    messages[0], order.segments, order.route, order.request, order.key
                ),
            )
        blocked = [message for message in messages if message.status is MessageStatus.BLOCKED]
        first, *others = slices(blocked) if blocked else ([],)
        await self._write(order, first, opening=True)
        for part in others:
            await self._write(order, part)
        return await self._send_each(order)

    async def _send_each(self, order: Order) -> tuple[Message, ...]:
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

    async def _send_one(self, message: Message, order: Order) -> Message:
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

    def _may_go_on(self, order: Order) -> bool:
        """Tell whether nobody can have been told meanwhile that the rest is not sent."""
        return order.key is None or self._holds(order.key)

    async def _over(self, message: Message) -> Message | None:
        """End a message that must not go any more: its request may be under way for long."""
        now = self._clock.now()
        if message.expired(now):
            return message.moved(MessageStatus.EXPIRED, now, EXPIRED)
        if message.terms.force:
            return None
        refusals = await self._consent.refusals([message.recipient], message.provider)
        refusal = refusals.of(message.recipient, message.channel, message.sender)
        return None if refusal is None else message.moved(MessageStatus.BLOCKED, now, refusal)


def _lost(message: Message, failure: Failure) -> Message:
    """Say that a message was never written."""
    return replace(message, status=MessageStatus.FAILED, failure=failure)


def _new(message: Message, segments: Segments) -> NewMessage:
    """Make a message ready to be written that is not sent now."""
    if message.failure is None:
        return NewMessage(message, segments, None)
    event = Event(at=message.updated_at, name=EventName(message.status), text=message.failure.text)
    return NewMessage(message, segments, None, (event,))
