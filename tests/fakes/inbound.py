"""Subscribers' messages in a dictionary."""

from collections.abc import Sequence
from uuid import UUID

from application.ports.inbound import InboundFilter, Reception
from domain.blacklist import BlacklistEntry, BlacklistSource
from domain.inbound import InboundMessage, Keyword
from domain.phone import Phone
from tests.fakes.blacklist import MemoryBlacklist
from tests.fakes.opt_outs import MemoryOptOuts
from tests.fakes.outbox import MemoryOutbox

_THEIR_OWN = {BlacklistSource.STOP, BlacklistSource.PROVIDER}


class MemoryInboundLog:
    """What subscribers wrote.

    Attributes:
        kept: in the order it was written.
        told: what webhooks were made of.
    """

    def __init__(
        self, blacklist: MemoryBlacklist, opt_outs: MemoryOptOuts, outbox: MemoryOutbox
    ) -> None:
        self.kept: list[InboundMessage] = []
        self.told: list[InboundMessage] = []
        self._blacklist, self._opt_outs, self._outbox = blacklist, opt_outs, outbox

    async def write(self, reception: Reception) -> bool:
        new = reception.inbound
        known = {(m.provider, m.provider_id) for m in self.kept if m.provider_id is not None}
        if (new.provider, new.provider_id) in known:
            return False
        self.kept.append(new)
        self.told.append(new)
        if reception.phone is not None and new.keyword is Keyword.START:
            await self._start(reception.phone, new.provider)
        elif reception.phone is not None and new.keyword is Keyword.STOP:
            await self._stop(reception, reception.phone)
        return True

    async def find(
        self, wanted: InboundFilter, *, before: UUID | None, limit: int
    ) -> Sequence[InboundMessage]:
        found = [
            message
            for message in sorted(self.kept, key=lambda m: m.id, reverse=True)
            if _is_wanted(message, wanted) and (before is None or message.id < before)
        ]
        return found[:limit]

    async def _start(self, phone: Phone, provider: str) -> None:
        entry = self._blacklist.entries.get(phone)
        if entry is not None and entry.source in _THEIR_OWN:
            await self._blacklist.remove(phone)
        await self._opt_outs.lift(phone, provider)

    async def _stop(self, reception: Reception, phone: Phone) -> None:
        at, source = reception.inbound.received_at, BlacklistSource.STOP
        listed = await self._blacklist.add_all([BlacklistEntry(phone, at, source=source)])
        confirmation = reception.confirmation
        if listed and confirmation is not None:
            await self._outbox.accept([confirmation.message], confirmation.request)


def _is_wanted(message: InboundMessage, wanted: InboundFilter) -> bool:
    exact = (
        (wanted.phone, message.phone),
        (wanted.provider, message.provider),
        (wanted.keyword, message.keyword),
    )
    early = wanted.since is not None and message.received_at < wanted.since
    late = wanted.until is not None and message.received_at >= wanted.until
    return all(value in {None, actual} for value, actual in exact) and not early and not late
