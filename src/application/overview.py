"""How a deployment is: what needs a person, what waits, how its providers are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from application.money import Money, ReadMoney
from application.ports.backlog import Backlog, BacklogSource
from application.ports.repositories import MessageFilter, MessageRepository, StoredMessage
from application.providers_admin import ManageProviders, ProviderReport
from domain.message import MessageStatus

_LATE_S = 60.0
_SOON_H = 24
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a deployment is.

    Attributes:
        providers: each of them.
        backlog: what waits.
        doubtful: the latest messages nobody knows the outcome of.
        money: what is left with providers that have said so.
    """

    providers: Sequence[ProviderReport]
    backlog: Backlog
    doubtful: Sequence[StoredMessage]
    money: Mapping[str, Money]

    @property
    def troubles(self) -> list[ProviderReport]:
        """Those providers nothing is handed to."""
        return [report for report in self.providers if report.state.open]

    @property
    def short_of_money(self) -> Mapping[str, Money]:
        """Those providers that will soon have none left."""
        return {
            provider: money
            for provider, money in self.money.items()
            if money.hours_left is not None and money.hours_left < _SOON_H
        }

    @property
    def late_s(self) -> float:
        """How many seconds the oldest message is overdue, where that is too long; else 0."""
        oldest = max((late for _, late in self.backlog.queued.values()), default=0.0)
        return oldest if oldest >= _LATE_S else 0.0

    @property
    def well(self) -> bool:
        """Tell whether nothing needs a person."""
        return not (self.troubles or self.late_s or self.doubtful or self.short_of_money)


class Overview:
    """The dashboard's first page."""

    def __init__(
        self,
        providers: ManageProviders,
        backlog: BacklogSource,
        messages: MessageRepository,
        money: ReadMoney,
    ) -> None:
        self._providers = providers
        self._backlog = backlog
        self._messages = messages
        self._money = money

    async def __call__(self) -> State:
        """Look at everything once."""
        doubt = MessageFilter(status=MessageStatus.UNKNOWN)
        providers, backlog, doubtful, money = await asyncio.gather(
            self._providers.all(),
            self._backlog.read(),
            self._messages.find(doubt, before=None, limit=_SHOWN),
            self._money(),
        )
        return State(providers=providers, backlog=backlog, doubtful=doubtful, money=money)
