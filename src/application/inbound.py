"""What subscribers write to us: kept, told, and done as they wish."""

import logging
from dataclasses import replace

from application.orders import Orders
from application.ports.inbound import Confirmation, InboundLog, Reception
from application.ports.outbox import NewMessage
from application.send_command import SendCommand
from domain.errors import DomainError, InvalidPhoneError
from domain.inbound import InboundMessage, Keyword
from domain.message import Channel
from domain.opt_out import Keywords
from domain.phone import Phone

_log = logging.getLogger(__name__)


class ReceiveInbound:
    """``POST /callbacks/{provider}/inbound``, once it is known to be genuine.

    A repetition is recognised by the provider's name for the message. Where there is none, each one
    counts: to say the same twice is a subscriber's right, and STOP said twice changes nothing more.
    """

    def __init__(
        self, log: InboundLog, orders: Orders, keywords: Keywords, *, stop_reply: str | None
    ) -> None:
        """Write to ``log``.

        Args:
            log: keeps it all.
            orders: make the confirmation.
            keywords: of this deployment.
            stop_reply: the text of the confirmation; ``None`` is none.
        """
        self._log = log
        self._orders = orders
        self._keywords = keywords
        self._stop_reply = stop_reply

    async def __call__(self, inbound: InboundMessage) -> None:
        """Take a message in; it, and what comes of it, is durable on return.

        Raises:
            StorageUnavailableError: nothing was changed, as far as is known; it may come again.
        """
        keyword = inbound.keyword or self._keywords.read(inbound.text)
        phone = _phone(inbound.phone)
        confirmation = None
        if keyword is Keyword.STOP and inbound.keyword is None and phone is not None:
            confirmation = await self._confirmation(inbound.provider, phone)
        reception = Reception(
            inbound=replace(inbound, keyword=keyword), phone=phone, confirmation=confirmation
        )
        if not await self._log.write(reception):
            _log.info("an inbound message of %s came again", inbound.provider)

    async def _confirmation(self, provider: str, phone: Phone) -> Confirmation | None:
        """Make the message that is sent where this changes something."""
        if self._stop_reply is None:
            return None
        command = SendCommand(
            phones=[phone.e164],
            text=self._stop_reply,
            provider=provider,
            fallback=(),
            force=True,
            background=True,
        )
        try:
            order = await self._orders(command, Channel.SMS)
        except DomainError as error:
            name = type(error).__name__
            _log.warning("an opt-out through %s is not confirmed: %s", provider, name)
            return None
        (message,) = order.messages
        return Confirmation(order.request, NewMessage(message, order.segments, None))


def _phone(sender: str) -> Phone | None:
    try:
        return Phone.parse(sender)
    except InvalidPhoneError:
        return None
