"""The providers of a deployment: how they are, and taking one out of service for a while."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit import Audit
from application.breaker import Breakers
from application.ports.provider_states import ProviderState, ProviderStates
from application.ports.system import Clock
from application.routing import ALIASES, Carrier, Routing
from domain.audit import AuditAction
from domain.caller import INSIDE, Caller
from domain.lookup import Balance, NoAnswer

LONGEST_PAUSE_S = 366 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport:
    """A provider and how it is.

    Attributes:
        at: when that was so.
        default: it is taken where a request names none.
        balance: what it said when it was asked; ``None`` where it was not.
    """

    carrier: Carrier
    at: datetime
    default: bool
    state: ProviderState
    balance: Balance | NoAnswer | None = None


class ManageProviders:
    """``/providers``."""

    def __init__(
        self,
        routing: Routing,
        states: ProviderStates,
        breakers: Breakers,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._routing = routing
        self._states = states
        self._breakers = breakers
        self._clock = clock
        self._audit = audit

    async def all(self, *, balance: bool = False) -> Sequence[ProviderReport]:
        """Report on every provider; with ``balance`` each is asked how much money is left."""
        states = await self._states.read()
        reports = [
            self._report(carrier, states.get(carrier.code, ProviderState()), money)
            for carrier, money in await self._money(balance=balance)
        ]
        return sorted(reports, key=lambda report: report.carrier.code)

    async def check(self, code: str) -> ProviderReport | None:
        """Ask a provider for the balance, which shows whether its credentials are right, too.

        Returns:
            ``None`` where there is no such provider here, as below.
        """
        carrier = self._carrier(code)
        if carrier is None:
            return None
        return self._report(carrier, await self._state(carrier), await _balance(carrier))

    async def pause(
        self, code: str, seconds: float | None, by: Caller = INSIDE
    ) -> ProviderReport | None:
        """Hand a provider nothing more, for so long or until it is resumed; see ``hold``."""
        carrier = self._carrier(code)
        if carrier is None:
            return None
        detail = "until it is resumed" if seconds is None else f"for {seconds:g} s"
        await self._audit(by, AuditAction.PROVIDER_PAUSED, carrier.code, detail)
        await self._states.hold(carrier.code, seconds, by.name)
        return await self._changed(carrier)

    async def resume(self, code: str, by: Caller = INSIDE) -> ProviderReport | None:
        """Use a provider again, whether it was paused or its circuit is open."""
        carrier = self._carrier(code)
        if carrier is None:
            return None
        await self._audit(by, AuditAction.PROVIDER_RESUMED, carrier.code)
        await self._states.release(carrier.code)
        return await self._changed(carrier)

    async def _changed(self, carrier: Carrier) -> ProviderReport:
        # Other processes see it when they look next; this one now.
        await self._breakers.refresh()
        return self._report(carrier, await self._state(carrier))

    async def _state(self, carrier: Carrier) -> ProviderState:
        return (await self._states.read()).get(carrier.code, ProviderState())

    async def _money(self, *, balance: bool) -> Sequence[tuple[Carrier, Balance | NoAnswer | None]]:
        carriers = list(self._routing.carriers.values())
        if not balance:
            return [(carrier, None) for carrier in carriers]
        told = await asyncio.gather(*(_balance(carrier) for carrier in carriers))
        return list(zip(carriers, told, strict=True))

    def _carrier(self, code: str) -> Carrier | None:
        return self._routing.carrier(ALIASES.get(code, code))

    def _report(
        self, carrier: Carrier, state: ProviderState, balance: Balance | NoAnswer | None = None
    ) -> ProviderReport:
        default = carrier.code == self._routing.default
        return ProviderReport(
            carrier=carrier, at=self._clock.now(), default=default, state=state, balance=balance
        )


async def _balance(carrier: Carrier) -> Balance | NoAnswer:
    if carrier.balance is None:
        return NoAnswer("This provider does not tell its balance")
    return await carrier.balance.balance()
