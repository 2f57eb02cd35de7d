"""From what a caller asks for to messages: checked whole, thinned by who opted out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from application.consent import NOBODY, Consent, Refusals
from application.ports.system import Clock, Ids, NumberingPlan
from application.routing import Carrier, Routing
from application.schedule import Schedule, schedule
from application.send_command import SendCommand
from application.slices import SLICE, slices
from application.upkeep import Upkeep
from application.webhooks_addresses import WebhookAddresses
from domain.errors import (
    FieldProblem,
    InvalidPhoneError,
    InvalidTermsError,
    RecipientCountError,
)
from domain.idempotency import IdempotencyKey
from domain.message import Channel, Failure, Message, MessageStatus, check_reference, check_text
from domain.phone import Phone
from domain.request import Request
from domain.segments import Segments, count_segments
from domain.sender_id import SenderId
from domain.terms import OnUnknown, Terms

MAX_RECIPIENTS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request that was found to be good.

    Attributes:
        key: written with the request.
        route: who may carry it, in the order they are tried.
        messages: one per recipient; ``blocked`` where its recipient must not be written to.
    """

    request: Request
    key: IdempotencyKey | None
    segments: Segments
    route: tuple[Carrier, ...]
    messages: tuple[Message, ...]


class Orders:
    """Reads commands; nothing is stored or sent here."""

    def __init__(  # noqa: PLR0913, PLR0917 - every one is a port, or knows what may be ordered
        self,
        routing: Routing,
        numbering: NumberingPlan,
        consent: Consent,
        upkeep: Upkeep,
        clock: Clock,
        ids: Ids,
        *,
        default_ttl_s: float,
        addresses: WebhookAddresses | None = None,
    ) -> None:
        self._routing = routing
        self._numbering = numbering
        self._consent = consent
        self._upkeep = upkeep
        self._clock = clock
        self._ids = ids
        self._default_ttl_s = default_ttl_s
        self._addresses = addresses or WebhookAddresses()

    async def __call__(self, command: SendCommand, channel: Channel) -> Order:
        """Check a command whole, and make its messages.

        Raises:
            DomainError: something in it is wrong.
            StorageUnavailableError: the blacklist cannot be read.
        """
        _check(command, channel)
        if command.callback_url is not None:
            self._addresses.check_callback(command.callback_url)
        sender = SenderId(command.sender) if command.sender is not None else None
        now = self._clock.now()
        times = schedule(command, now, self._default_ttl_s)
        route = self._routing.route(command.provider, command.fallback, channel, command.text)
        if not command.waits:
            self._upkeep.check_age(route[0].code, command.priority)
        recipients = await self._recipients(command.phones)
        refusals = NOBODY
        if not command.force:
            refusals = await self._consent.refusals(recipients, route[0].code)
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
            callback_url=command.callback_url,
            account=command.account,
        )
        return Order(
            request=request,
            key=None if command.dry_run else command.key,
            segments=count_segments(command.text),
            route=route,
            messages=await self._messages(request, times, recipients, refusals),
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

    async def _messages(
        self,
        request: Request,
        times: Schedule,
        recipients: Sequence[Phone],
        refusals: Refusals,
    ) -> tuple[Message, ...]:
        messages: list[Message] = []
        for part in slices(recipients):
            messages += [
                self._message(request, times, p, refusals.of(p, request.channel, request.sender))
                for p in part
            ]
            if len(recipients) > SLICE:
                await asyncio.sleep(0)
        return tuple(messages)

    def _message(
        self, request: Request, times: Schedule, recipient: Phone, refusal: Failure | None
    ) -> Message:
        return Message(
            id=self._ids.new(),
            request_id=request.id,
            channel=request.channel,
            recipient=recipient,
            text=request.text,
            provider=request.terms.route[0],
            status=MessageStatus.QUEUED if refusal is None else MessageStatus.BLOCKED,
            created_at=request.created_at,
            updated_at=request.created_at,
            sender=request.sender,
            reference=request.reference,
            terms=request.terms,
            due_at=times.due_at,
            expires_at=times.expires_at,
            failure=refusal,
        )


def _check(command: SendCommand, channel: Channel) -> None:
    check_text(command.text)
    if command.reference is not None:
        check_reference(command.reference)
    if channel is Channel.CALL and command.on_unknown is OnUnknown.RESEND:
        raise InvalidTermsError("A call is never made twice; leave on_unknown at hold.")
