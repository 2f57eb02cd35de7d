"""When a message whose caller waits may go to a provider: no trouble there, a place, a slot."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from application.attempts import LEASE_MARGIN_S
from application.breaker import Breakers
from application.errors import StorageUnavailableError
from application.ports.provider_states import ProviderStates
from application.routing import Carrier
from domain.segments import Segments
from domain.terms import Priority

PATIENCE_S = 5.0
"""A caller waits this long for a slot at a provider's rate, or for a place at the next provider."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A provider that may be tried; ``barred``: only to see whether it is well again."""

    carrier: Carrier
    barred: bool = False


class Admission:
    """Lets messages in.

    ``hurried`` messages are under a lease already, after another provider has refused them: they
    cannot wait for long, and what that one said stands where the database is away.
    """

    def __init__(self, states: ProviderStates, breakers: Breakers) -> None:
        self._states = states
        self._breakers = breakers

    def turns(self, route: Sequence[Carrier]) -> list[Turn]:
        """Bar who is in trouble; when all are, the order stands, but for those on hold."""
        states = [self._breakers.state(carrier.code) for carrier in route]
        if all(state.open for state in states):
            return [
                Turn(carrier, barred=state.held)
                for carrier, state in zip(route, states, strict=True)
            ]
        return [
            Turn(carrier, barred=state.open) for carrier, state in zip(route, states, strict=True)
        ]

    def held(self, route: Sequence[Carrier]) -> bool:
        """Tell whether an operator holds every one of these providers."""
        return all(self._breakers.state(carrier.code).held for carrier in route)

    async def refusal(self, turn: Turn) -> str | None:
        """Say why a provider is left out; ``None`` where it may be tried."""
        if not turn.barred or await self._may_probe(turn.carrier):
            return None
        code = turn.carrier.code
        return f"{code} is left out: {self._breakers.state(code).reason}"

    async def place(self, carrier: Carrier, priority: Priority, *, hurried: bool) -> bool:
        """Wait for a place, and take it; False where that takes too long."""
        if not hurried:
            await carrier.places.take(priority)
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await carrier.places.take(priority)
            return True
        return False

    async def slot(self, carrier: Carrier, segments: Segments, *, hurried: bool) -> bool:
        """Wait for a slot at the provider's rate; False where that takes too long.

        Raises:
            StorageUnavailableError: the database is away; not where the message is hurried.
        """
        try:
            wait_s = await self._wait_s(carrier, segments)
        except StorageUnavailableError:
            if hurried:
                return False
            raise
        if wait_s is None or wait_s > PATIENCE_S:
            return False
        if wait_s:
            await asyncio.sleep(wait_s)
        return True

    async def _wait_s(self, carrier: Carrier, segments: Segments) -> float | None:
        if not carrier.spacing_s:
            return self._breakers.paused_s(carrier.code)
        return await self._states.reserve(
            carrier.code,
            cost=segments.count,
            spacing_s=carrier.spacing_s,
            patience_s=PATIENCE_S,
        )

    async def _may_probe(self, carrier: Carrier) -> bool:
        try:
            return await self._breakers.may_probe(carrier.code, carrier.timeout_s + LEASE_MARGIN_S)
        except StorageUnavailableError:
            return False
