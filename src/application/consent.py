"""Who may be written to: the blacklist, and what subscribers told a provider about one sender."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from application.ports.blacklist import BlacklistRepository
from application.ports.opt_outs import OptOut, OptOuts
from application.send_report import BLACKLISTED, OPTED_OUT
from application.slices import SLICE, slices
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.message import Channel, Failure, Message
from domain.phone import Phone
from domain.sender_id import SenderId


@dataclass(frozen=True, slots=True)
class Refusals:
    """Who of those asked about must not be written to.

    Attributes:
        listed: they are on the blacklist.
        opted_out: they want no messages from these senders.
    """

    listed: frozenset[Phone] = frozenset()
    opted_out: frozenset[tuple[Phone, SenderId | None]] = frozenset()

    def of(self, phone: Phone, channel: Channel, sender: SenderId | None) -> Failure | None:
        """Return why this one is not written to, or ``None``."""
        if phone in self.listed:
            return BLACKLISTED
        if self.opted_out and channel is Channel.SMS and (phone, sender) in self.opted_out:
            return OPTED_OUT
        return None


NOBODY = Refusals()


class Consent:
    """Asks before anything is sent, and hears where a provider says that somebody opted out."""

    def __init__(
        self,
        blacklist: BlacklistRepository,
        opt_outs: OptOuts,
        scoping: Collection[str],
    ) -> None:
        """Ask both lists.

        Args:
            blacklist: for every message.
            opt_outs: for the messages of some providers.
            scoping: the codes of those: they keep opt-outs apart for each sender.
        """
        self._blacklist = blacklist
        self._opt_outs = opt_outs
        self._scoping = scoping

    async def refusals(self, phones: Sequence[Phone], provider: str) -> Refusals:
        """Tell who of these must not be written to through a provider.

        Raises:
            StorageUnavailableError: nobody knows.
        """
        if len(phones) <= SLICE:
            return await self._ask(phones, provider)
        asked = []
        for part in slices(phones):
            asked.append(await self._ask(part, provider))
            await asyncio.sleep(0)
        return Refusals(
            frozenset().union(*(found.listed for found in asked)),
            frozenset().union(*(found.opted_out for found in asked)),
        )

    async def refused(self, message: Message) -> None:
        """Remember whose message its provider refused because they opted out.

        Where the provider does not say of whom they want nothing, they want nothing at all.
        Durable on return, and safe to repeat.

        Raises:
            StorageUnavailableError: it is not known to be remembered.
        """
        phone, provider, at = message.recipient, message.provider, message.updated_at
        code = None if message.failure is None else message.failure.provider_code
        if provider in self._scoping:
            opt_out = OptOut(
                phone=phone,
                provider=provider,
                sender=message.sender,
                created_at=at,
                provider_code=code,
            )
            await self._opt_outs.add(opt_out)
        else:
            reason = f"{provider}: the subscriber has opted out"
            entry = BlacklistEntry(phone, at, reason=reason, source=BlacklistSource.PROVIDER)
            await self._blacklist.add(entry)

    async def _ask(self, phones: Sequence[Phone], provider: str) -> Refusals:
        listed = await self._blacklist.listed(phones)
        if provider in self._scoping:
            return Refusals(listed, await self._opt_outs.among(phones, provider))
        return Refusals(listed) if listed else NOBODY
