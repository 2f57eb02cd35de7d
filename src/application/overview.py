"""How a deployment is: what needs a person, what waits, how its providers are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.backlog import Backlog, BacklogSource
from application.ports.repositories import MessageFilter, MessageRepository, StoredMessage
from application.providers_admin import ManageProviders, ProviderReport
from domain.message import MessageStatus

_LATE_S = 60.0
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a deployment is.

    Attributes:
        providers: each of them.
        backlog: what waits.
        doubtful: the latest messages nobody knows the outcome of.
    """

    providers: Sequence[ProviderReport]
    backlog: Backlog
    doubtful: Sequence[StoredMessage]

    @property
    def troubles(self) -> list[ProviderReport]:
        """Those providers nothing is handed to."""
        return [report for report in self.providers if report.state.open]

    @property
    def late_s(self) -> float:
        """How many seconds the oldest message is overdue, where that is too long; else 0."""
        oldest = max((late for _, late in self.backlog.queued.values()), default=0.0)
        return oldest if oldest >= _LATE_S else 0.0

    @property
    def well(self) -> bool:
        """Tell whether nothing needs a person."""
        return not (self.troubles or self.late_s or self.doubtful)


class Overview:
    """The dashboard's first page."""

    def __init__(
        self, providers: ManageProviders, backlog: BacklogSource, messages: MessageRepository
    ) -> None:
        self._providers = providers
        self._backlog = backlog
        self._messages = messages

    async def __call__(self) -> State:
        """Look at everything once."""
        doubt = MessageFilter(status=MessageStatus.UNKNOWN)
        providers, backlog, doubtful = await asyncio.gather(
            self._providers.all(),
            self._backlog.read(),
            self._messages.find(doubt, before=None, limit=_SHOWN),
        )
        return State(providers=providers, backlog=backlog, doubtful=doubtful)
